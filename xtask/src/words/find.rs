//! Where a phrase or a name stands in a text.

/// A text, and its words without line ends.
pub(super) struct Text<'a> {
    lines: Vec<&'a str>,
    /// In lower case, with one blank between words.
    joined: String,
    /// Where each line begins in `joined`.
    begins: Vec<usize>,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let lines: Vec<_> = text.lines().collect();
        let (mut joined, mut begins) = (String::new(), Vec::new());
        for line in &lines {
            begins.push(joined.len());
            // JSON writes a line end inside of a text as `\n`.
            for word in line.replace("\\n", " ").split_whitespace() {
                joined.push_str(&word.to_lowercase());
                joined.push(' ');
            }
        }
        Self { lines, joined, begins }
    }

    /// The lines, from 1 on, in which a phrase begins. It begins at the beginning of a word.
    pub(super) fn phrase(&self, phrase: &str) -> Vec<usize> {
        let wanted = phrase.to_lowercase();
        let begins_word = |at: &usize| !self.joined[..*at].ends_with(char::is_alphanumeric);
        let places = self.joined.match_indices(&wanted).map(|(at, _)| at).filter(begins_word);
        places.map(|at| self.begins.partition_point(|begin| *begin <= at)).collect()
    }

    /// The lines, from 1 on, in which a name stands in a code span.
    pub(super) fn name(&self, name: &str) -> Vec<usize> {
        let has =
            |span: &str| span.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').any(|word| word == name);
        // Every second part between backticks is a code span.
        let spans = |line: &str| line.split('`').skip(1).step_by(2).any(has);
        let lines = self.lines.iter().enumerate();
        lines.filter(|(_, line)| !line.starts_with("```") && spans(line)).map(|(index, _)| index + 1).collect()
    }
}
