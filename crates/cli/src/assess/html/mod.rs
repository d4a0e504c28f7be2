//! The report as one HTML file that needs nothing else: no script, no font, no image, no address outside itself.
//!
//! Every text that can come from the extract passes through [`escaped`].

mod chart;
mod page;
mod style;

pub use page::render_html;

/// A text that is safe between tags and in quoted attributes.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Control characters have no meaning in HTML, and some break it.
            control if control.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_taken_for_markup() {
        assert_eq!(escaped("<b a='1'>&\"\0"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot; ");
    }
}
