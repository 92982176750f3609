//! `${…}` in a preset's texts.
//!
//! The project's own are `${AWS::AccountId}`, `${AWS::Region}`, `${AWS::Partition}`, `${Edition}`,
//! `${Path}`, `${Provider}` and a parameter's name, which begins with a capital letter. IAM's
//! policy variables (`${aws:username}`) pass through untouched. Values are put into parsed text
//! leaves, never into YAML or JSON text, so a value cannot change a document's structure.

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Stands for itself.
    Text(&'a str),
    /// The name between `${` and `}`.
    Placeholder(&'a str),
}

/// Splits a text into literal parts and placeholders to fill in.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    // Most texts: the search for two characters would first prepare itself, at ten times the cost.
    if !text.is_empty() && !text.contains('$') {
        return vec![Piece::Text(text)];
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut literal = 0;
    while let Some(start) = rest.get(literal..).and_then(|tail| tail.find("${")) {
        let start = literal + start;
        let Some(length) = rest.get(start..).and_then(|tail| tail.find('}')) else { break };
        let name = rest.get(start + 2..start + length).unwrap_or_default();
        if !is_ours(name) {
            literal = start + 2;
            continue;
        }
        pieces.push(Piece::Text(rest.get(..start).unwrap_or_default()));
        pieces.push(Piece::Placeholder(name));
        rest = rest.get(start + length + 1..).unwrap_or_default();
        literal = 0;
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| *piece != Piece::Text(""));
    pieces
}

/// `AWS::…` and names that begin with a capital letter; IAM's variables are `prefix:name` with a
/// small letter first, or `*`, `?` and `$`. A text that holds the beginning of another placeholder
/// is no name.
fn is_ours(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase()) && !name.contains(['$', '{'])
}

#[cfg(test)]
mod tests {
    use super::Piece::{Placeholder, Text};
    use super::pieces;

    #[test]
    fn ours_are_found_and_iams_own_variables_pass_through() {
        assert_eq!(
            pieces("arn:${AWS::Partition}:iam::${AWS::AccountId}:user/${aws:username}-${Name}"),
            [
                Text("arn:"),
                Placeholder("AWS::Partition"),
                Text(":iam::"),
                Placeholder("AWS::AccountId"),
                Text(":user/${aws:username}-"),
                Placeholder("Name"),
            ]
        );
    }

    #[test]
    fn one_that_stands_in_another_or_behind_an_open_one_is_found() {
        for (before, after) in [("${aws:PrincipalTag/", "}"), ("${Open ", ""), ("${", "${")] {
            let text = format!("{before}${{Name}}{after}");
            let mut expected = vec![Text(before), Placeholder("Name"), Text(after)];
            expected.retain(|piece| *piece != Text(""));
            assert_eq!(pieces(&text), expected, "{text}");
        }
    }

    #[test]
    fn text_without_placeholders_stands_for_itself() {
        for text in ["", "plain", "${*}", "${", "${Open", "$", "a ${aws:PrincipalTag/T} b", "${}"] {
            let expected: Vec<_> = (!text.is_empty()).then_some(Text(text)).into_iter().collect();
            assert_eq!(pieces(text), expected, "{text}");
        }
    }
}
