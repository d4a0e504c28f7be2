//! Charts as inline SVG. Places and lengths are whole numbers; each chart tells its numbers in words as well.

use std::fmt::Write as _;

use super::escaped;

const WIDTH: i128 = 900;
const BAR_ROW: i128 = 34;
const BAR_LEFT: i128 = 270;
const BAR_ROOM: i128 = 440;
const PLOT_HEIGHT: i128 = 200;
const PLOT_TOP: i128 = 26;
const PLOT_BOTTOM: i128 = 28;
/// The most columns that have their number above them and their name below.
const NAMED_COLUMNS_MAX: usize = 14;

/// What a chart says, for those who do not see it.
#[derive(Debug, Clone, Copy)]
pub struct Caption<'a> {
    /// Unique on the page.
    pub id: &'a str,
    /// What it shows.
    pub title: &'a str,
}

/// A bar: its name, its length, its number in words.
#[derive(Debug, Clone)]
pub struct Bar {
    /// What it stands for.
    pub name: String,
    /// Its length, in any unit, not negative.
    pub length: i128,
    /// Its number in words.
    pub words: String,
}

/// A column of one or two parts, one on the other.
#[derive(Debug, Clone)]
pub struct Stack {
    /// What it stands for.
    pub name: String,
    /// The heights of the lower and of the upper part, not negative.
    pub parts: [i128; 2],
    /// Its number in words.
    pub words: String,
}

/// Bars below each other.
#[must_use]
pub fn bars(caption: Caption<'_>, bars: &[Bar]) -> String {
    let longest = bars.iter().map(|bar| bar.length).max().unwrap_or(0);
    let mut body = String::new();
    for (row, bar) in (0_i128..).zip(bars) {
        let (top, length) = (row * BAR_ROW, scaled(bar.length, longest, BAR_ROOM));
        let (middle, after) = (top + BAR_ROW / 2 + 5, BAR_LEFT + length + 8);
        let (name, words) = (escaped(&bar.name), escaped(&bar.words));
        let _ = write!(
            body,
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{name}</text><rect class=\"main\" x=\"{BAR_LEFT}\" \
             y=\"{}\" width=\"{length}\" height=\"{}\" rx=\"3\"/><text x=\"{after}\" y=\"{middle}\">{words}</text>",
            BAR_LEFT - 10,
            top + 6,
            BAR_ROW - 12,
        );
    }
    let height = BAR_ROW * i128::try_from(bars.len()).unwrap_or(0);
    let told: Vec<String> = bars.iter().map(|bar| format!("{}: {}", bar.name, bar.words)).collect();
    svg(caption, &told.join("; "), height.max(1), &body)
}

/// Columns beside each other.
#[must_use]
pub fn columns(caption: Caption<'_>, stacks: &[Stack]) -> String {
    let highest = stacks.iter().map(|stack| stack.parts[0].saturating_add(stack.parts[1])).max().unwrap_or(0);
    let count = i128::try_from(stacks.len()).unwrap_or(0).max(1);
    let step = WIDTH / count;
    let width = (step * 7 / 10).clamp(1, 90);
    let is_named = |place: usize| place.is_multiple_of(stacks.len().div_ceil(NAMED_COLUMNS_MAX).max(1));
    let floor = PLOT_TOP + PLOT_HEIGHT;
    let mut body = format!("<line class=\"rule\" x1=\"0\" y1=\"{floor}\" x2=\"{WIDTH}\" y2=\"{floor}\"/>");
    for (place, stack) in stacks.iter().enumerate() {
        let middle = i128::try_from(place).unwrap_or(0) * step + step / 2;
        let left = middle - width / 2;
        let whole = scaled(stack.parts[0].saturating_add(stack.parts[1]), highest, PLOT_HEIGHT);
        let lower = scaled(stack.parts[0], highest, PLOT_HEIGHT);
        let (top, seam) = (floor - whole, floor - lower);
        let _ = write!(body, "<rect class=\"main\" x=\"{left}\" y=\"{seam}\" width=\"{width}\" height=\"{lower}\"/>");
        if whole > lower {
            let upper = whole - lower;
            let _ =
                write!(body, "<rect class=\"second\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{upper}\"/>");
        }
        if is_named(place) {
            let (name, words) = (escaped(&stack.name), escaped(&stack.words));
            let _ = write!(
                body,
                "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{words}</text><text class=\"soft\" x=\"{middle}\" \
                 y=\"{}\" text-anchor=\"middle\">{name}</text>",
                top - 7,
                floor + 19,
            );
        }
    }
    let told: Vec<String> = stacks.iter().map(|stack| format!("{}: {}", stack.name, stack.words)).collect();
    svg(caption, &told.join("; "), floor + PLOT_BOTTOM, &body)
}

/// A length as a part of the room: the longest fills it, anything above nothing is seen.
fn scaled(length: i128, longest: i128, room: i128) -> i128 {
    if longest <= 0 || length <= 0 {
        return 0;
    }
    // Amounts have more digits than the product may have: the lowest ones cannot be seen anyway.
    let cut = (longest / 1_000_000_000).max(1);
    ((length / cut) * room / (longest / cut).max(1)).max(1)
}

fn svg(caption: Caption<'_>, told: &str, height: i128, body: &str) -> String {
    let (id, title, told) = (escaped(caption.id), escaped(caption.title), escaped(told));
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\"><title \
         id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{told}</desc>{body}</svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_the_room_and_what_is_there_is_seen() {
        assert_eq!((scaled(10, 10, 500), scaled(5, 10, 500), scaled(0, 10, 500)), (500, 250, 0));
        assert_eq!(scaled(1, 1_000_000, 500), 1);
        assert_eq!(scaled(i128::MAX / 2, i128::MAX, 500), 250);
        assert_eq!(scaled(1, 0, 500), 0);
    }

    #[test]
    fn a_chart_tells_its_numbers_in_words_and_escapes_them() {
        let bar = Bar { name: "<b>".to_owned(), length: 1, words: "1.00".to_owned() };
        let chart = bars(Caption { id: "c", title: "Costs" }, &[bar]);
        assert!(
            chart.contains("<title id=\"c-title\">Costs</title><desc id=\"c-desc\">&lt;b&gt;: 1.00</desc>"),
            "{chart}"
        );
        assert!(!chart.contains("<b>"));
    }

    #[test]
    fn many_columns_are_not_all_named() {
        let stack = |place: i128| Stack { name: format!("n{place}."), parts: [place, 0], words: String::new() };
        let stacks: Vec<Stack> = (0..40).map(stack).collect();
        let chart = columns(Caption { id: "c", title: "t" }, &stacks);
        assert_eq!(chart.matches("<rect").count(), 40);
        assert!(chart.matches("class=\"soft\"").count() <= NAMED_COLUMNS_MAX);
    }
}
