//! CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey, GetAccessKeyLastUsed.

use crate::aws::account::User;
use crate::aws::call::{Call, Page, date};
use crate::aws::error::Refusal;
use crate::aws::key::AccessKey;
use crate::aws::limits::{ACCESS_KEY_ID, ANY, Check, USER_NAME};
use crate::aws::query::Answer;
use crate::aws::xml::Element;

pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let mut check = Check::new(call.params);
    let name = check.optional("UserName", &USER_NAME);
    check.finish()?;
    let name = call.user_or_own(name)?;
    call.about_user(&name)?;
    let key = call.account.mint(&name, call.now)?;
    call.about_key(&key.id);
    let mut elements = described(&name, &key);
    elements.push(Element::text("SecretAccessKey", &key.secret));
    Ok(vec![Element::of("AccessKey", elements)])
}

/// In order of their ids, so that nobody comes to rely on age: AWS promises no order.
pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let mut check = Check::new(call.params);
    let name = check.optional("UserName", &USER_NAME);
    let page = Page::read(&mut check);
    check.finish()?;
    let name = call.user_or_own(name)?;
    call.about_user(&name)?;
    let lag = call.account.lags.listing_lag;
    let user = call.account.user(&name)?;
    let mut keys: Vec<&AccessKey> = user.keys.iter().filter(|key| key.listed(call.now, lag)).collect();
    keys.sort_by(|one, other| one.id.cmp(&other.id));
    page.cut("AccessKeyMetadata", &keys, |key| key.id.clone(), |key| described(&name, key))
}

pub(super) fn update(call: &mut Call<'_>) -> Answer {
    let mut check = Check::new(call.params);
    let (name, id) = named(&mut check);
    let status = check.required("Status", &ANY);
    if !matches!(status.as_str(), "Active" | "Inactive") {
        check.complain(&status, "status", "Member must satisfy enum value set: [Active, Inactive]");
    }
    check.finish()?;
    let now = call.now;
    about(call, name, &id)?.key_mut(&id)?.set_active(status == "Active", now);
    Ok(Vec::new())
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let mut check = Check::new(call.params);
    let (name, id) = named(&mut check);
    check.finish()?;
    let now = call.now;
    about(call, name, &id)?.key_mut(&id)?.delete(now);
    Ok(Vec::new())
}

/// A key that does not exist is answered with `AccessDenied`, by AWS too.
pub(super) fn last_used(call: &mut Call<'_>) -> Answer {
    let mut check = Check::new(call.params);
    let id = check.required("AccessKeyId", &ACCESS_KEY_ID);
    check.finish()?;
    call.about_key(&id);
    call.permit(&format!("access key {id}"))?;
    let known = call.account.key(&id).filter(|(_, key)| key.exists());
    let (user, key) = known.ok_or_else(|| Refusal::no_such_key_to_look_up(&call.signer.arn, &id))?;
    call.effect.principal = Some(user.name.clone());
    let use_of_key = match &key.last_use {
        Some(last) => vec![
            date("LastUsedDate", last.at),
            Element::text("ServiceName", &last.service),
            Element::text("Region", &last.region),
        ],
        None => vec![Element::text("ServiceName", "N/A"), Element::text("Region", "N/A")],
    };
    Ok(vec![Element::text("UserName", &user.name), Element::of("AccessKeyLastUsed", use_of_key)])
}

fn named(check: &mut Check<'_>) -> (Option<String>, String) {
    let name = check.optional("UserName", &USER_NAME);
    (name, check.required("AccessKeyId", &ACCESS_KEY_ID))
}

fn about<'a>(call: &'a mut Call<'_>, name: Option<String>, id: &str) -> Result<&'a mut User, Refusal> {
    call.about_key(id);
    let name = call.user_or_own(name)?;
    call.about_user(&name)?;
    call.account.user_mut(&name)
}

fn described(user: &str, key: &AccessKey) -> Vec<Element> {
    let status = if key.active() { "Active" } else { "Inactive" };
    vec![
        Element::text("UserName", user),
        Element::text("AccessKeyId", &key.id),
        Element::text("Status", status),
        date("CreateDate", key.created),
    ]
}
