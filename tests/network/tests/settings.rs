//! The pages of docs/settings say what the code reads.

use std::path::Path;

fn rows(page: &str) -> Vec<(String, Vec<String>)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings").join(page);
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let table = text.lines().skip_while(|line| !line.contains("| read in this order |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let sources = cells[1].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        (cells[0].to_owned(), sources)
    })
    .collect()
}

fn listed(settings: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    let owned = |sources: &[&str]| sources.iter().map(|source| (*source).to_owned()).collect();
    settings.iter().map(|(setting, sources)| ((*setting).to_owned(), owned(sources))).collect()
}

#[test]
fn official_b5_docs_settings_aws_md_says_what_is_read() {
    assert_eq!(rows("aws.md"), listed(system_aws::SETTINGS));
}

#[test]
fn official_b5_docs_settings_confluent_md_says_what_is_read() {
    assert_eq!(rows("confluent.md"), listed(system_confluent::SETTINGS));
}

#[test]
fn output_3_docs_settings_network_md_says_what_is_read() {
    assert_eq!(rows("network.md"), listed(outbound::SETTINGS));
}
