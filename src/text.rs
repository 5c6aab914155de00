//! Text that came from outside, made fit to be shown: nothing in it acts on a terminal, hides, reorders what follows or
//! fills the screen.

/// Longest line on standard error, without what [`one_line`]'s caller puts before it.
const LINE: usize = 370;
/// A word of a message, or a name or value in it, that is longer is shortened ...
const LONG: usize = 100;
/// ... to this many characters of its beginning and its end.
const KEPT: (usize, usize) = (60, 20);
/// A number with more digits is written with an exponent; every `u64` has at most as many.
const DIGITS: usize = 20;

/// Does this character act on a terminal, hide, or change the direction of what follows?
///
/// Control characters (C0, DEL, C1), separators of lines, marks of direction, and characters without a width.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn escaped(text: &str, kept: &str, escape: impl Fn(char) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) && !kept.contains(c) {
            shown.push_str(&escape(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// One line in which every control character and every invisible one is written out, as `\n` or `\u{1b}`.
///
/// ```
/// # use attention_bounds::text::visible;
/// assert_eq!(visible("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\nb");
/// ```
pub fn visible(text: &str) -> String {
    escaped(text, "", |c| c.escape_default().to_string())
}

/// The same with line ends kept: a whole result.
pub fn visible_lines(text: &str) -> String {
    escaped(text, "\n", |c| c.escape_default().to_string())
}

/// The same JSON text without any such character, which only its strings can hold.
pub fn visible_json(text: &str) -> String {
    escaped(text, "\n", |c| {
        let mut units = [0; 2];
        let units = c.encode_utf16(&mut units).iter();
        units.map(|unit| format!("\\u{unit:04x}")).collect()
    })
}

/// Visible, and cut in its middle if it is longer than 100 characters: a name, value or formula in a message.
///
/// ```
/// # use attention_bounds::text::shortened;
/// assert_eq!(shortened("short"), "short");
/// assert_eq!(shortened(&"x".repeat(100_000)).len(), 83);
/// ```
pub fn shortened(text: &str) -> String {
    cut(&visible(text), LONG, KEPT)
}

/// Visible, and no number of more than 20 digits: a value or a reason in a message.
pub fn plain(text: &str) -> String {
    let words: Vec<String> = visible(text).split(' ').map(rounded).collect();
    words.join(" ")
}

/// A message in one line of at most 370 characters: visible, long words shortened, no number of more than 20 digits.
pub fn one_line(message: &str) -> String {
    let words = message.split_whitespace();
    let words: Vec<String> = words.map(|word| shortened(&rounded(word))).collect();
    cut(&words.join(" "), LINE, (LINE - 100, 95))
}

/// The text, or its beginning and end with dots between them.
fn cut(text: &str, longest: usize, (head, tail): (usize, usize)) -> String {
    let count = text.chars().count();
    if count <= longest {
        return text.to_owned();
    }
    let head: String = text.chars().take(head).collect();
    let tail: String = text.chars().skip(count - tail).collect();
    format!("{head}...{tail}")
}

/// The word, a number of very many digits in it written with an exponent (at most 17 digits tell a float from every other).
fn rounded(word: &str) -> String {
    let is_edge = |c: char| !(c.is_alphanumeric() || "+-._/\\".contains(c));
    let number = word.trim_matches(is_edge);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    match number.parse::<f64>() {
        Ok(value) if digits > DIGITS && value.is_finite() => {
            word.replacen(number, &format!("{value:e}"), 1)
        }
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_on_a_terminal_is_written_out() {
        assert_eq!(
            visible("\0\x07\t\x7f\u{9b}\u{202e}"),
            r"\u{0}\u{7}\t\u{7f}\u{9b}\u{202e}"
        );
        assert_eq!(
            visible("größe \\ 'x' \"e\u{301}\" 数"),
            "größe \\ 'x' \"e\u{301}\" 数"
        );
        assert_eq!(visible_lines("a\r\n\u{1b}b\n"), "a\\r\n\\u{1b}b\n");
    }

    #[test]
    fn long_input_keeps_its_beginning_and_end() {
        let text = shortened(&format!("{}end", "x".repeat(1000)));
        assert!(text.starts_with("xxx") && text.ends_with("xend") && text.contains("..."));
        let line = one_line(&format!("key = {} is not accepted", "1".repeat(400)));
        assert!(
            line.contains("key = 111") && line.ends_with("is not accepted"),
            "{line}"
        );
    }

    #[test]
    fn numbers_of_many_digits_have_an_exponent() {
        let line = one_line(&format!("ln rho = {} is large, ({})", 5.087e129, -2.5e-30));
        assert_eq!(line, "ln rho = 5.087e129 is large, (-2.5e-30)");
        let kept =
            "seed 18446744073709551615, 0.30000000000000004, 123456789012345678901234567890.toml";
        assert_eq!(one_line(kept), kept);
    }

    proptest! {
        #[test]
        fn any_message_is_one_short_visible_line(text in any::<String>(), times in 0usize..200) {
            let line = one_line(&text.repeat(times));
            prop_assert!(line.chars().count() <= LINE);
            prop_assert!(!line.contains(is_hidden));
            // Visible text stays as it is.
            prop_assert_eq!(visible(&line), line);
        }

        #[test]
        fn json_means_the_same_afterwards(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let shown = visible_json(&json);
            prop_assert!(!shown.contains(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }
    }
}
