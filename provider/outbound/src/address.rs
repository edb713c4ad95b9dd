/// Whether a text that a user wrote is an address of HTTP, as far as that shows at a glance. It may hold placeholders such as `{region}`.
pub fn is_url(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/') && !host.contains(char::is_whitespace))
}
