//! Files in the format of Python's `configparser`, which Oracle's SDK and CLI read their configuration with. No Rust crate reads this
//! format in the same way: they merge repeated sections, cut off comments behind values, or fold the names of sections.

use std::collections::BTreeMap;

use secrecy::SecretString;
use zeroize::Zeroizing;

/// The section that every other one inherits from.
pub(crate) const DEFAULT: &str = "DEFAULT";

/// A whole file. Its values may be secrets, so it has no `Debug`.
#[derive(Default)]
pub(crate) struct Ini {
    defaults: Options,
    sections: BTreeMap<String, Options>,
}

/// The options of a section, by their names in lower case.
pub(crate) type Options = BTreeMap<String, Entry>;

/// One value and the line on which it begins, counted from 1.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) text: SecretString,
    pub(crate) line: usize,
}

/// Why Python's parser refuses a file. No value is in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) reason: String,
}

impl Ini {
    /// Reads a file as `configparser.ConfigParser(interpolation=None)` does.
    ///
    /// # Errors
    /// What Python's parser refuses: a line before the first section, a repeated section or option, a line that is neither.
    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        let mut reader = Reader::default();
        for (number, line) in lines(text).enumerate() {
            reader.line(number + 1, line)?;
        }
        reader.close_value();
        match reader.fault {
            Some(fault) => Err(fault),
            None => Ok(reader.ini),
        }
    }

    /// What stands in `[DEFAULT]`.
    pub(crate) fn defaults(&self) -> &Options {
        &self.defaults
    }

    /// What stands in a section itself; `[DEFAULT]` always exists.
    pub(crate) fn section(&self, name: &str) -> Option<&Options> {
        if name == DEFAULT { Some(&self.defaults) } else { self.sections.get(name) }
    }
}

/// Where Python's parser stands in a file.
#[derive(Default)]
struct Reader {
    ini: Ini,
    /// The section that is being read; none before the first one.
    section: Option<String>,
    value: Option<Value>,
    indent: usize,
    /// Lines that are nothing are told only if nothing worse follows.
    fault: Option<Fault>,
}

/// A value that further lines may still belong to.
struct Value {
    name: String,
    line: usize,
    text: Zeroizing<String>,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Result<(), Fault> {
        let text = line.trim_matches(is_space);
        if text.starts_with(['#', ';']) {
            return Ok(());
        }
        if text.is_empty() {
            self.extend("");
            return Ok(());
        }
        let indent = line.chars().take_while(|c| is_space(*c)).count();
        if self.value.is_some() && indent > self.indent {
            self.extend(text);
            return Ok(());
        }
        self.indent = indent;
        match header(text) {
            Some(name) => self.open_section(number, name),
            None => self.option(number, text),
        }
    }

    fn extend(&mut self, text: &str) {
        if let Some(value) = &mut self.value {
            value.text.push('\n');
            value.text.push_str(text);
        }
    }

    fn open_section(&mut self, number: usize, name: &str) -> Result<(), Fault> {
        self.close_value();
        if name != DEFAULT && self.ini.sections.insert(name.to_owned(), Options::new()).is_some() {
            return Err(fault(number, format!("repeats the section{} [KR-OCI-022]", shown(name, ("[", "]")))));
        }
        self.section = Some(name.to_owned());
        Ok(())
    }

    fn option(&mut self, number: usize, text: &str) -> Result<(), Fault> {
        let Some(section) = self.section.clone() else {
            let marked = text.starts_with('\u{feff}');
            let mark = if marked { ": it begins with a byte order mark, so save the file without one" } else { "" };
            return Err(fault(
                number,
                format!("stands before the first section, such as [DEFAULT]{mark} [KR-OCI-023]"),
            ));
        };
        let Some(end) = text.find(['=', ':']) else {
            self.note_nothing(number);
            return Ok(());
        };
        self.close_value();
        let name = text[..end].trim_end_matches(is_space).to_lowercase();
        if self.ini.section(&section).is_some_and(|options| options.contains_key(&name)) {
            let (option, section) = (shown(&name, ("`", "`")), shown(&section, ("[", "]")));
            return Err(fault(number, format!("repeats the option{option} of the section{section} [KR-OCI-024]")));
        }
        let is_named = !name.is_empty();
        let text = Zeroizing::new(text[end + 1..].trim_matches(is_space).to_owned());
        self.value = Some(Value { name, line: number, text });
        if !is_named {
            self.close_value();
            self.note_nothing(number);
        }
        Ok(())
    }

    fn note_nothing(&mut self, number: usize) {
        let reason = "is neither a section, such as [DEFAULT], nor an option, such as region=us-ashburn-1 [KR-OCI-025]";
        self.fault.get_or_insert_with(|| fault(number, reason.to_owned()));
    }

    /// Blank lines at the end of a value do not belong to it.
    fn close_value(&mut self) {
        let (Some(value), Some(section)) = (self.value.take(), &self.section) else { return };
        let text = SecretString::from(value.text.trim_end_matches(is_space));
        let options = match section.as_str() {
            DEFAULT => &mut self.ini.defaults,
            name => self.ini.sections.entry(name.to_owned()).or_default(),
        };
        options.insert(value.name, Entry { text, line: value.line });
    }
}

/// The name in a section's line. It ends at the last bracket, and what follows is passed over.
fn header(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('[')?.rsplit_once(']')?;
    (!name.is_empty()).then_some(name)
}

/// Lines as Python reads them from a file: they end with `\n`, `\r\n` or `\r`.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let (line, more) = text.split_at(end);
        rest = Some(more.strip_prefix("\r\n").unwrap_or(&more[1..]));
        Some(line)
    })
}

/// What Python's `str.strip` takes away: Unicode's white space and four control characters.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// A name, if it has the look of one: a line of a key that stands in the wrong file is not shown.
fn shown(name: &str, (open, close): (&str, &str)) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
    if name.chars().count() <= 64 && name.chars().all(plain) { format!(" {open}{name}{close}") } else { String::new() }
}

fn fault(line: usize, reason: String) -> Fault {
    Fault { line, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        let fault = Ini::read(text).err().unwrap();
        format!("{} {}", fault.line, fault.reason)
    }

    #[test]
    fn official_b1_a_fault_names_line_and_kind_and_no_value() {
        assert_eq!(reason("[A]\nuser=1\n\n[A]\n"), "4 repeats the section [A] [KR-OCI-022]");
        assert_eq!(
            reason("[A]\nuser=hidden\nUSER : 2\n"),
            "3 repeats the option `user` of the section [A] [KR-OCI-024]"
        );
        assert!(reason("user=hidden\n").starts_with("1 stands before the first section"));
        assert!(reason("\u{feff}[A]\n").contains("byte order mark"));
        let twice = reason("[A]\nhidden\nhidden\n");
        assert!(twice.starts_with("2 is neither") && !twice.contains("hidden"), "{twice}");
        assert_eq!(reason("[A]\nhid/den=1\nhid/den=2\n"), "3 repeats the option of the section [A] [KR-OCI-024]");
    }

    #[test]
    fn lines_end_as_python_reads_them() {
        assert_eq!(lines("a\r\nb\rc\n").collect::<Vec<_>>(), ["a", "b", "c", ""]);
        assert_eq!(lines("").collect::<Vec<_>>(), [""]);
    }
}
