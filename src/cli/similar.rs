//! The word that was probably meant by one that is none.

/// Below it two words have little in common: `json` and `text` have 0.5, `json` and `jsno` 0.9.
const SIMILAR_FROM: f64 = 0.75;

/// The most similar of `words`, if one is similar at all; upper and lower case are the same here.
pub fn similar<W: AsRef<str>>(typed: &str, words: impl IntoIterator<Item = W>) -> Option<W> {
    let typed = typed.to_lowercase();
    let rate = |word: &str| match strsim::osa_distance(&typed, word) {
        // One slip, also in a word so short that two thirds of it are left: `cvs`.
        0 | 1 if word.len() > 2 => 1.0 + strsim::jaro(&typed, word),
        _ => strsim::jaro(&typed, word),
    };
    let rated = words.into_iter().map(|word| (rate(&word.as_ref().to_lowercase()), word));
    rated.filter(|(rate, _)| *rate >= SIMILAR_FROM).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_nearly_another_was_probably_meant() {
        let of = |typed| similar(typed, ["text", "json", "csv"]);
        assert_eq!(
            (of("jsno"), of("JSON"), of("txt"), of("cvs")),
            (Some("json"), Some("json"), Some("text"), Some("csv"))
        );
        assert_eq!((of("xml"), of(""), of("yaml")), (None, None, None));
    }
}
