//! CreateUser, GetUser, DeleteUser, ListUsers.

use super::tags;
use crate::aws::account::{Tags, User};
use crate::aws::call::{Call, Page, date};
use crate::aws::limits::{Check, NEW_USER_NAME, PATH, PATH_PREFIX, USER_NAME};
use crate::aws::query::Answer;
use crate::aws::xml::Element;

pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let mut check = Check::new(call.params);
    let name = check.required("UserName", &NEW_USER_NAME);
    let path = check.optional("Path", &PATH).unwrap_or_else(|| "/".to_owned());
    let pairs = tags::read(&mut check, call.params);
    check.finish()?;
    call.about_user(&name)?;
    let tags = tags::distinct(pairs)?;
    let account = call.account.id.clone();
    let user = call.account.create_user(&name, &path, tags, call.now)?;
    Ok(vec![Element::of("User", described(user, &account, Some(user.tags.latest())))])
}

pub(super) fn get(call: &mut Call<'_>) -> Answer {
    let mut check = Check::new(call.params);
    let name = check.optional("UserName", &USER_NAME);
    check.finish()?;
    let name = call.user_or_own(name)?;
    call.about_user(&name)?;
    let user = call.account.user(&name)?;
    let tags = user.tags.seen(call.now, call.account.lags.tag_lag);
    Ok(vec![Element::of("User", described(user, &call.account.id, Some(tags)))])
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let mut check = Check::new(call.params);
    let name = check.required("UserName", &USER_NAME);
    check.finish()?;
    call.about_user(&name)?;
    call.account.delete_user(&name)?;
    Ok(Vec::new())
}

pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let mut check = Check::new(call.params);
    let prefix = check.optional("PathPrefix", &PATH_PREFIX).unwrap_or_default();
    let page = Page::read(&mut check);
    check.finish()?;
    let account = &call.account.id;
    call.permit(&format!("arn:aws:iam::{account}:user{prefix}"))?;
    let users: Vec<&User> = call.account.users.values().filter(|user| user.path.starts_with(&prefix)).collect();
    page.cut("Users", &users, |user| user.name.clone(), |user| described(user, account, None))
}

/// ListUsers leaves tags out (IAM API Reference).
fn described(user: &User, account: &str, tags: Option<&Tags>) -> Vec<Element> {
    let mut elements = vec![
        Element::text("Path", &user.path),
        Element::text("UserName", &user.name),
        Element::text("UserId", &user.id),
        Element::text("Arn", user.arn(account)),
        date("CreateDate", user.created),
    ];
    if let Some(tags) = tags.filter(|tags| !tags.is_empty()) {
        elements.push(Element::list("Tags", tags.values().map(tags::element)));
    }
    elements
}
