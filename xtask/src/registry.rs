//! What Pulumi's Registry asks of a package: its metadata tool's rules, applied to schema.json and to the pages that it shows.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::paths;
use crate::publisher::Publisher;

/// The categories that the Registry knows.
const CATEGORIES: [&str; 7] =
    ["cloud", "database", "infrastructure", "monitoring", "network", "utility", "versioncontrol"];
/// The pages that it shows, with the title that each must have.
const PAGES: [(&str, &str); 2] = [
    ("docs/_index.md", "Key rotation"),
    ("docs/installation-configuration.md", "Key rotation Installation & Configuration"),
];
/// Every language that a chooser offers.
const CHOOSER: &str = "{{< chooser language \"typescript,python,go,csharp,java,yaml\" >}}";

/// What the Registry would refuse or not show.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn found() -> Result<Vec<String>> {
    let read = |file: &str| fs::read_to_string(paths::root().join(file)).with_context(|| format!("cannot read {file}"));
    let schema: Value = serde_json::from_str(&read("schema.json")?).context("schema.json is not JSON")?;
    let mut wrong = of_schema(&schema, &Publisher::read()?.owner);
    for (file, title) in PAGES {
        wrong.extend(of_page(&read(file)?, title).into_iter().map(|problem| format!("{file}: {problem}")));
    }
    Ok(wrong)
}

fn of_schema(schema: &Value, owner: &str) -> Vec<String> {
    let text = |name: &str| schema[name].as_str().unwrap_or_default();
    let name = text("name");
    let repository = format!("https://github.com/{owner}/pulumi-{name}");
    let keywords: Vec<_> = schema["keywords"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let categories: Vec<_> = keywords.iter().filter_map(|keyword| keyword.strip_prefix("category/")).collect();
    let has_category = matches!(categories[..], [category] if CATEGORIES.contains(&category));
    let go = schema["language"]["go"]["importBasePath"].as_str().unwrap_or_default();
    let rules = [
        (is_semver(text("version")), "`version` is a semantic version"),
        (!text("publisher").is_empty(), "`publisher` is set"),
        (!text("displayName").is_empty(), "`displayName` is set"),
        (has_category, "`keywords` has exactly one category, and the Registry knows it"),
        (keywords.contains(&"kind/native"), "`keywords` has kind/native"),
        (text("description").contains(name), "`description` contains the name of the package"),
        (is_svg(text("logoUrl")), "`logoUrl` is the https address of an SVG file"),
        (text("repository") == repository, "`repository` is the owner's repository pulumi-<name>"),
        (text("homepage").starts_with("https://"), "`homepage` is an https address"),
        (is_download_url(text("pluginDownloadURL"), owner, name), "`pluginDownloadURL` names that repository"),
        (go == format!("github.com/{owner}/pulumi-{name}/sdk/go/{name}"), "Go's import path is in that repository"),
    ];
    let broken = rules.into_iter().filter(|(holds, _)| !holds);
    broken.map(|(_, rule)| format!("schema.json breaks the rule that {rule}")).collect()
}

fn is_semver(version: &str) -> bool {
    let parts: Vec<_> = version.split(['-', '+']).next().unwrap_or_default().split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.parse::<u64>().is_ok())
}

fn is_svg(address: &str) -> bool {
    address.starts_with("https://") && address.ends_with(".svg")
}

fn is_download_url(address: &str, owner: &str, name: &str) -> bool {
    address == format!("github://api.github.com/{owner}/pulumi-{name}")
}

fn of_page(page: &str, title: &str) -> Vec<String> {
    let Some((front, body)) = page.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")) else {
        return vec!["it does not begin with front matter between lines of `---`".to_owned()];
    };
    let has = |line: &str| front.lines().any(|one| one == line);
    let describes = front.lines().filter_map(|line| line.strip_prefix("meta_desc: ")).any(|text| !text.is_empty());
    let closed = |open: &str, close: &str| body.matches(open).count() == body.matches(close).count();
    let rules = [
        (has(&format!("title: {title}")), format!("its title is {title:?}")),
        (describes, "it has a `meta_desc`".to_owned()),
        (has("layout: package"), "its layout is `package`".to_owned()),
        (body.contains(CHOOSER), format!("it has the chooser {CHOOSER}")),
        (closed("{{< chooser ", "{{< /chooser >}}"), "each chooser is closed".to_owned()),
        (closed("{{% choosable ", "{{% /choosable %}}"), "each choice is closed".to_owned()),
        (body.matches("{{% choosable language ").count() == 6, "it has a choice for each language".to_owned()),
    ];
    let broken = rules.into_iter().filter(|(holds, _)| !holds);
    broken.map(|(_, rule)| format!("breaks the rule that {rule}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "name": "x", "displayName": "X", "version": "1.2.3-alpha.1", "publisher": "P", "description": "The x package.",
            "keywords": ["category/cloud", "kind/native"], "logoUrl": "https://example.com/logo.svg", "homepage": "https://example.com",
            "repository": "https://github.com/o/pulumi-x", "pluginDownloadURL": "github://api.github.com/o/pulumi-x",
            "language": { "go": { "importBasePath": "github.com/o/pulumi-x/sdk/go/x" } },
        })
    }

    #[test]
    fn each_rule_on_the_schema_is_seen_to_be_broken() {
        assert_eq!(of_schema(&schema(), "o"), [""; 0]);
        let broken = [
            ("version", json!("1.2")),
            ("publisher", json!("")),
            ("displayName", Value::Null),
            ("keywords", json!(["kind/native"])),
            ("keywords", json!(["kind/native", "category/keys"])),
            ("keywords", json!(["kind/native", "category/cloud", "category/network"])),
            ("keywords", json!(["category/cloud"])),
            ("description", json!("A package.")),
            ("logoUrl", json!("https://example.com/logo.png")),
            ("repository", json!("https://github.com/o/x")),
            ("homepage", Value::Null),
            ("pluginDownloadURL", Value::Null),
            ("language", Value::Null),
        ];
        for (name, value) in broken {
            let mut schema = schema();
            schema[name] = value.clone();
            assert_eq!(of_schema(&schema, "o").len(), 1, "{name}: {value}");
        }
    }

    #[test]
    fn each_rule_on_a_page_is_seen_to_be_broken() {
        let choice = "{{% choosable language go %}}\n{{% /choosable %}}\n".repeat(6);
        let page =
            format!("---\ntitle: T\nmeta_desc: D\nlayout: package\n---\n{CHOOSER}\n{choice}{{{{< /chooser >}}}}\n");
        assert_eq!(of_page(&page, "T"), [""; 0]);
        for (from, to) in [
            ("title: T", "title: U"),
            ("meta_desc: D", "meta_desc: "),
            ("layout: package", "layout: page"),
            ("typescript,", ""),
            ("{{< /chooser >}}", ""),
            ("---\n", ""),
        ] {
            assert_eq!(of_page(&page.replacen(from, to, 1), "T").len(), 1, "{from}");
        }
        assert_eq!(of_page(&page.replacen("{{% /choosable %}}", "", 1), "T").len(), 1);
        assert_eq!(of_page(&page.replacen("{{% choosable language go %}}\n{{% /choosable %}}\n", "", 1), "T").len(), 1);
    }
}
