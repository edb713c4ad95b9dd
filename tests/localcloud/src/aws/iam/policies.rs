//! AttachUserPolicy, DetachUserPolicy, ListAttachedUserPolicies, and two lists that are always empty: ListUserPolicies (of policies
//! written into a user) and ListGroupsForUser. Whoever deletes a user asks for all of them.

use crate::aws::account::User;
use crate::aws::call::{Call, Page};
use crate::aws::error::Refusal;
use crate::aws::limits::{Check, POLICY_ARN, USER_NAME};
use crate::aws::query::Answer;
use crate::aws::xml::Element;

/// Any well-formed ARN of a policy can be attached: what is in policies is not imitated.
pub(super) fn attach(call: &mut Call<'_>) -> Answer {
    let (name, arn) = named(call)?;
    call.account.attach(&name, arn)?;
    Ok(Vec::new())
}

pub(super) fn detach(call: &mut Call<'_>) -> Answer {
    let (name, arn) = named(call)?;
    let was_attached = call.account.user_mut(&name)?.policies.remove(&arn);
    if was_attached { Ok(Vec::new()) } else { Err(Refusal::no_policy(&arn)) }
}

pub(super) fn list_attached(call: &mut Call<'_>) -> Answer {
    let (user, page) = asked(call)?;
    let policies: Vec<&String> = user.policies.iter().collect();
    page.cut("AttachedPolicies", &policies, |arn| (*arn).clone(), |arn| described(arn))
}

pub(super) fn list_own(call: &mut Call<'_>) -> Answer {
    none(call, "PolicyNames")
}

pub(super) fn list_groups(call: &mut Call<'_>) -> Answer {
    none(call, "Groups")
}

fn none(call: &mut Call<'_>, list: &str) -> Answer {
    let (_, page) = asked(call)?;
    page.cut(list, &[] as &[String], String::clone, |_| Vec::new())
}

fn named(call: &mut Call<'_>) -> Result<(String, String), Refusal> {
    let mut check = Check::new(call.params);
    let name = check.required("UserName", &USER_NAME);
    let arn = check.required("PolicyArn", &POLICY_ARN);
    check.finish()?;
    call.about_user(&name)?;
    if !is_policy(&arn) {
        return Err(Refusal::invalid_input(&format!("ARN {arn} is not valid.")));
    }
    Ok((name, arn))
}

fn asked<'a>(call: &'a mut Call<'_>) -> Result<(&'a User, Page), Refusal> {
    let mut check = Check::new(call.params);
    let name = check.required("UserName", &USER_NAME);
    let page = Page::read(&mut check);
    check.finish()?;
    call.about_user(&name)?;
    Ok((call.account.user(&name)?, page))
}

fn is_policy(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(parts.as_slice(), ["arn", "aws", "iam", "", _, policy] if policy.starts_with("policy/") && !policy.ends_with('/'))
}

/// The name is what follows the path.
fn described(arn: &str) -> Vec<Element> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    vec![Element::text("PolicyName", name), Element::text("PolicyArn", arn)]
}
