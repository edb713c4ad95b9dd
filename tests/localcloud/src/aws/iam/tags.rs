//! TagUser, UntagUser, ListUserTags.

use std::collections::BTreeSet;

use crate::aws::account::{Tag, Tags, tags_of};
use crate::aws::call::{Call, Page};
use crate::aws::error::Refusal;
use crate::aws::limits::{Check, TAG_KEY, TAG_VALUE, TAGS_PER_USER, USER_NAME};
use crate::aws::query::{Answer, Params};
use crate::aws::xml::Element;

pub(super) fn tag(call: &mut Call<'_>) -> Answer {
    let mut check = Check::new(call.params);
    let name = check.required("UserName", &USER_NAME);
    let pairs = read(&mut check, call.params);
    if pairs.is_empty() {
        check.missing("tags");
    }
    check.finish()?;
    call.about_user(&name)?;
    let tags = distinct(pairs)?;
    call.account.tag(&name, tags, call.now)?;
    Ok(Vec::new())
}

pub(super) fn untag(call: &mut Call<'_>) -> Answer {
    let mut check = Check::new(call.params);
    let name = check.required("UserName", &USER_NAME);
    let keys: BTreeSet<String> = read_keys(&mut check, call.params);
    check.finish()?;
    call.about_user(&name)?;
    let keep = |key: &str| !keys.contains(key);
    call.account.retain_tags(&name, call.now, keep)?;
    Ok(Vec::new())
}

pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let mut check = Check::new(call.params);
    let name = check.required("UserName", &USER_NAME);
    let page = Page::read(&mut check);
    check.finish()?;
    call.about_user(&name)?;
    let lag = call.account.lags.tag_lag;
    let tags = call.account.user(&name)?.tags.seen(call.now, lag);
    let tags: Vec<&Tag> = tags.values().collect();
    page.cut("Tags", &tags, |tag| tag.key.to_lowercase(), |tag| element(tag))
}

/// The tags of a request, each within AWS's limits.
pub(super) fn read(check: &mut Check<'_>, params: &Params) -> Vec<(String, String)> {
    let members = params.members("Tags");
    count(check, "tags", members.len());
    let mut pairs = Vec::new();
    for (index, member) in members.iter().enumerate() {
        let mut part = |name: &str, text| {
            let at = format!("tags.{}.member.{}", index + 1, name.to_lowercase());
            let value = params.get(&format!("{member}.{name}"));
            match value {
                Some(value) => check.text(value, &at, text),
                None => check.missing(&at),
            }
            value.unwrap_or_default().to_owned()
        };
        let key = part("Key", &TAG_KEY);
        let value = part("Value", &TAG_VALUE);
        reserved(check, &key, index);
        pairs.push((key, value));
    }
    pairs
}

/// # Errors
/// `InvalidInput` if two keys differ by case alone, or not at all.
pub(super) fn distinct(pairs: Vec<(String, String)>) -> Result<Tags, Refusal> {
    let count = pairs.len();
    let tags = tags_of(pairs);
    if tags.len() < count {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(Refusal::invalid_input(message));
    }
    Ok(tags)
}

pub(super) fn element(tag: &Tag) -> Vec<Element> {
    vec![Element::text("Key", &tag.key), Element::text("Value", &tag.value)]
}

/// Keys to remove, in small letters. Keys that no tag has are fine.
fn read_keys(check: &mut Check<'_>, params: &Params) -> BTreeSet<String> {
    let members = params.members("TagKeys");
    count(check, "tagKeys", members.len());
    if members.is_empty() {
        check.missing("tagKeys");
    }
    let keys = members.iter().filter_map(|member| params.get(member));
    keys.map(|key| {
        check.text(key, "tagKeys", &TAG_KEY);
        key.to_lowercase()
    })
    .collect()
}

fn count(check: &mut Check<'_>, at: &str, count: usize) {
    if count > TAGS_PER_USER {
        let complaint = format!("Member must have length less than or equal to {TAGS_PER_USER}");
        check.complain(&format!("[{count} members]"), at, &complaint);
    }
}

/// Keys that begin with `aws:` are AWS's own (IAM User Guide, "Tags for IAM resources").
fn reserved(check: &mut Check<'_>, key: &str, index: usize) {
    if key.to_lowercase().starts_with("aws:") {
        let at = format!("tags.{}.member.key", index + 1);
        check.complain(key, &at, "Member must not begin with the reserved prefix aws:");
    }
}
