//! The data planes, as far as a new key is tried on them: they are all empty.

use serde_json::json;

use super::call::{Answer, Call, Reply};
use super::error::Refusal;

/// `GET /kafka/v3/clusters/{id}/topics`.
pub(super) fn topics(call: &mut Call<'_>, endpoint: &str, cluster: &str) -> Answer {
    call.caller()?;
    if endpoint != cluster {
        return Err(Refusal::not_found());
    }
    let address = format!("{}{}", call.request.base, call.request.path);
    let metadata = json!({ "self": address, "next": null });
    Ok(Reply::ok(json!({ "kind": "KafkaTopicList", "metadata": metadata, "data": [] })))
}

/// `GET /subjects`.
pub(super) fn subjects(call: &mut Call<'_>) -> Answer {
    call.caller()?;
    Ok(Reply::ok(json!([])))
}

/// `GET /sql/v1/organizations/{org}/environments/{env}/statements`.
pub(super) fn statements(call: &mut Call<'_>, organization: &str) -> Answer {
    call.caller()?;
    if call.organization.id != organization {
        return Err(Refusal::not_found());
    }
    let address = format!("{}{}", call.request.base, call.request.path);
    let metadata = json!({ "self": address, "next": "" });
    Ok(Reply::ok(json!({ "api_version": "sql/v1", "kind": "StatementList", "metadata": metadata, "data": [] })))
}
