//! Tables without borders, one line a row where they fit.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use crate::terminal;

/// Prints a table, wrapped only where standard output is a terminal.
pub(super) fn print(headings: &[&str], rows: &[Vec<String>]) {
    terminal::say(&render(headings, rows, terminal::width()));
}

fn render(headings: &[&str], rows: &[Vec<String>], width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    if !headings.is_empty() {
        table.set_header(headings);
    }
    for row in rows {
        table.add_row(row.iter().map(|text| Cell::new(terminal::harmless(text))));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if holds_numbers(rows, index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn holds_numbers(rows: &[Vec<String>], column: usize) -> bool {
    let mut cells = rows.iter().filter_map(|row| row.get(column));
    cells.all(|text| text == "-" || text.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(texts: &[[&str; 3]]) -> Vec<Vec<String>> {
        texts.iter().map(|row| row.iter().map(|it| (*it).to_owned()).collect()).collect()
    }

    #[test]
    fn a_table_is_columns_of_text_with_numbers_to_the_right() {
        let rows = rows(&[["laptop", "5", "m"], ["ci", "1200", "a long list, of models"]]);
        let expected = "\
ID      REQUESTS  MODELS
laptop         5  m
ci          1200  a long list, of models";
        assert_eq!(render(&["ID", "REQUESTS", "MODELS"], &rows, None), expected);
    }

    #[test]
    fn a_table_fits_the_terminal() {
        let rows = rows(&[["laptop", "x", "a long list, of models, that goes on"]]);
        let table = render(&["ID", "OWNER", "MODELS"], &rows, Some(40));
        assert!(table.lines().all(|line| line.chars().count() <= 40), "{table}");
        assert!(table.lines().count() > 2, "{table}");
    }

    #[test]
    fn a_cell_cannot_make_lines_or_move_the_terminal() {
        let rows = rows(&[["a\nb", "\u{1b}[31m", "c"]]);
        let table = render(&[], &rows, None);
        assert_eq!(table, "a\u{fffd}b  \u{fffd}[31m  c");
    }
}
