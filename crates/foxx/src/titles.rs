//! Readable titles of scripts, options and dependencies.

/// `send-mail` → `Send Mail`, `XmlHTTPRequest` → `Xml HTTP Request`, `test1` → `Test1`.
///
/// Splits at `-`, `_`, blanks and camel-case borders and capitalises each word. A run of capitals
/// stays together; its last one starts the next word if a small letter follows. Digits are no
/// border.
pub fn title(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (at, &letter) in letters.iter().enumerate() {
        if matches!(letter, '-' | '_') || letter.is_whitespace() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let after_small = before.is_some_and(|c| !c.is_uppercase());
        let before_small = after.is_some_and(|c| c.is_lowercase());
        if letter.is_uppercase() && (after_small || before_small) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            if word.is_empty() {
                word.extend(letter.to_uppercase());
            } else {
                word.push(letter);
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn titles_split_at_separators_and_case_borders() {
        let cases = [
            ("setup", "Setup"),
            ("send-mail", "Send Mail"),
            ("secretKey", "Secret Key"),
            ("XmlHTTPRequest", "Xml HTTP Request"),
            ("CATCHFIRE", "CATCHFIRE"),
            ("cAtChFiRe", "C At Ch Fi Re"),
            ("test1", "Test1"),
            ("a__b c", "A B C"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(title(name), expected, "{name}");
        }
    }
}
