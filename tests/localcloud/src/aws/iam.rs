//! IAM, API version 2010-05-08: the actions that concern users, their tags, their access keys and their attached policies.

mod keys;
mod policies;
mod tags;
mod users;

use super::call::Call;
use super::query::Answer;

/// The actions that are known.
pub(super) const ACTIONS: [&str; 17] = [
    "CreateUser",
    "GetUser",
    "DeleteUser",
    "ListUsers",
    "TagUser",
    "UntagUser",
    "ListUserTags",
    "CreateAccessKey",
    "ListAccessKeys",
    "UpdateAccessKey",
    "DeleteAccessKey",
    "GetAccessKeyLastUsed",
    "AttachUserPolicy",
    "DetachUserPolicy",
    "ListAttachedUserPolicies",
    "ListUserPolicies",
    "ListGroupsForUser",
];

/// Does what a call asks; nothing, for an action that is not in [`ACTIONS`].
pub(super) fn answer(call: &mut Call<'_>) -> Option<Answer> {
    Some(match call.action {
        "CreateUser" => users::create(call),
        "GetUser" => users::get(call),
        "DeleteUser" => users::delete(call),
        "ListUsers" => users::list(call),
        "TagUser" => tags::tag(call),
        "UntagUser" => tags::untag(call),
        "ListUserTags" => tags::list(call),
        "CreateAccessKey" => keys::create(call),
        "ListAccessKeys" => keys::list(call),
        "UpdateAccessKey" => keys::update(call),
        "DeleteAccessKey" => keys::delete(call),
        "GetAccessKeyLastUsed" => keys::last_used(call),
        "AttachUserPolicy" => policies::attach(call),
        "DetachUserPolicy" => policies::detach(call),
        "ListAttachedUserPolicies" => policies::list_attached(call),
        "ListUserPolicies" => policies::list_own(call),
        "ListGroupsForUser" => policies::list_groups(call),
        _ => return None,
    })
}
