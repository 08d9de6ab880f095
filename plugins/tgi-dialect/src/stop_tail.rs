//! The end of a text that may be the beginning of a stop text.

/// Holds back what may turn out to be a stop text, which a server leaves in its answer.
///
/// The server looks for stop texts at the end of what it has written so far, after every token;
/// so does this.
#[derive(Debug, Default)]
pub(crate) struct StopTail {
    stops: Vec<String>,
    held: String,
}

impl StopTail {
    pub(crate) fn new(stops: Vec<String>) -> Self {
        Self { stops, held: String::new() }
    }

    /// Takes the next text, returns what certainly belongs to the answer.
    pub(crate) fn push(&mut self, text: &str) -> String {
        self.held.push_str(text);
        let keep = self.stops.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - keep);
        std::mem::replace(&mut self.held, rest)
    }

    /// Whether nothing is held back.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// What was held back and belongs to the answer; without the stop text if that ended it.
    pub(crate) fn finish(&mut self, stopped: bool) -> String {
        let mut rest = std::mem::take(&mut self.held);
        if stopped {
            rest.truncate(self.cut(&rest).len());
        }
        rest
    }

    /// A text without the stop text that ends it.
    pub(crate) fn cut<'a>(&self, text: &'a str) -> &'a str {
        let cuts = self.stops.iter().filter_map(|stop| text.strip_suffix(stop.as_str()));
        cuts.min_by_key(|cut| cut.len()).unwrap_or(text)
    }
}

/// How many bytes at the end of a text are the beginning of a stop text, or all of it.
fn overlap(text: &str, stop: &str) -> usize {
    let longest = stop.len().min(text.len());
    let is_overlap =
        |length: &usize| stop.get(..*length).is_some_and(|start| text.ends_with(start));
    (1..=longest).rev().find(is_overlap).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(stops: &[&str], tokens: &[&str], stopped: bool) -> String {
        let mut tail = StopTail::new(stops.iter().map(|stop| (*stop).to_owned()).collect());
        let mut text: String = tokens.iter().map(|token| tail.push(token)).collect();
        text.push_str(&tail.finish(stopped));
        text
    }

    #[test]
    fn a_stop_text_is_cut_however_the_tokens_cut_it() {
        let cases: [(&[&str], &[&str], bool, &str); 8] = [
            (&["END"], &["a", "E", "ND"], true, "a"),
            (&["END"], &["aEN", "D"], true, "a"),
            (&["END"], &["aEN", "Dx"], false, "aENDx"),
            (&["END"], &["aEN"], false, "aEN"),
            (&["END"], &["EE", "END"], true, "EE"),
            (&["D", "END"], &["aEND"], true, "a"),
            (&["né"], &["ein n", "é"], true, "ein "),
            (&[], &["a", "b"], true, "ab"),
        ];
        for (stops, tokens, stopped, expected) in cases {
            assert_eq!(joined(stops, tokens, stopped), expected, "{tokens:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_stop_text_is_not_held_back() {
        let mut tail = StopTail::new(vec!["END".to_owned()]);
        assert_eq!(tail.push("abc"), "abc");
        assert_eq!(tail.push("dE"), "d");
        assert!(!tail.is_empty());
        assert_eq!(tail.push("F"), "EF");
        assert!(tail.is_empty());
    }
}
