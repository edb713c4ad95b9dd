use super::*;

fn list(text: &str) -> List {
    toml::from_str(text).unwrap()
}

const BOTH: &str =
    "phrase = [{ find = \"is to be\", say = \"must be\" }]\nname = [{ find = \"tell\", say = \"announce\" }]\n";

fn wrong(list_text: &str, file: &str, text: &str) -> Vec<String> {
    check(&list(list_text), &[(file.to_owned(), text.to_owned())])
}

#[test]
fn a_phrase_is_found_with_its_line_in_any_case_and_across_lines() {
    assert_eq!(wrong(BOTH, "a.md", "one\nIs to be\n"), ["a.md:2: not \"is to be\": must be"]);
    assert_eq!(wrong(BOTH, "a.md", "one\nwhat is\n  to be done\n"), ["a.md:2: not \"is to be\": must be"]);
    assert_eq!(
        wrong(BOTH, "schema.json", "{ \"a\": \"what is\\nto be\" }"),
        ["schema.json:1: not \"is to be\": must be"]
    );
    assert_eq!(wrong(BOTH, "a.md", "this to be\n"), [""; 0], "a phrase begins a word");
}

#[test]
fn a_name_is_found_in_code_spans_of_markdown_alone() {
    assert_eq!(wrong(BOTH, "a.md", "they tell `a::tell(b)`\n"), ["a.md:1: not \"tell\": announce"]);
    assert_eq!(wrong(BOTH, "a.md", "they tell, `b`, and tell\n"), [""; 0]);
    assert_eq!(wrong(BOTH, "schema.json", "\"`tell`\""), [""; 0]);
}

#[test]
fn an_exception_is_for_one_file_and_has_to_be_needed() {
    let excepted = format!("{BOTH}exception = [{{ file = \"a.md\", find = \"is to be\", reason = \"quoted\" }}]\n");
    assert_eq!(wrong(&excepted, "a.md", "it is to be\n"), [""; 0]);
    assert_eq!(wrong(&excepted, "b.md", "it is to be\n").len(), 2);
    assert_eq!(wrong(&excepted, "a.md", "it must be\n").len(), 1);
}
