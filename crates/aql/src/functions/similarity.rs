//! How alike texts are: edit distance, n-grams and sound.

use std::collections::HashMap;

use value::Value;

use super::args::{size, text};
use super::{Context, Error, Function, Outcome};

fn check_cells(ctx: &Context<'_>, rows: usize, columns: usize) -> Result<(), Error> {
    let limit = ctx.limits.comparison_cells_max;
    let cells = rows.saturating_mul(columns);
    if cells <= limit {
        return Ok(());
    }
    Err(ctx.over_limit("comparison_cells_max", cells, limit))
}

/// Damerau's distance: insertions, deletions, changes and swaps of neighbours, also around
/// other edits.
fn levenshtein_distance(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let a: Vec<char> = text(args, 0).chars().collect();
    let b: Vec<char> = text(args, 1).chars().collect();
    let same_start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let a = a.get(same_start..).unwrap_or_default();
    let b = b.get(same_start..).unwrap_or_default();
    check_cells(ctx, a.len() + 2, b.len() + 2)?;
    Ok(damerau(a, b).into())
}

fn damerau(a: &[char], b: &[char]) -> usize {
    let columns = b.len() + 2;
    let far = a.len() + b.len();
    let mut cells = vec![far; (a.len() + 2) * columns];
    let at = |row: usize, column: usize| row * columns + column;
    let read = |cells: &[usize], cell: usize| cells.get(cell).copied().unwrap_or(far);
    for row in 0..=a.len() {
        set(&mut cells, at(row + 1, 1), row);
    }
    for column in 0..=b.len() {
        set(&mut cells, at(1, column + 1), column);
    }
    // The row in which each code point was last seen in `a`.
    let mut last_rows: HashMap<char, usize> = HashMap::new();
    for (row, from) in (1..).zip(a) {
        let mut last_column = 0;
        for (column, to) in (1..).zip(b) {
            let swap_row = last_rows.get(to).copied().unwrap_or(0);
            let swap_column = last_column;
            if from == to {
                last_column = column;
            }
            let change = read(&cells, at(row, column)) + usize::from(from != to);
            let insert = read(&cells, at(row + 1, column)) + 1;
            let delete = read(&cells, at(row, column + 1)) + 1;
            let between = (row - swap_row - 1) + (column - swap_column - 1);
            let swap = read(&cells, at(swap_row, swap_column)) + between + 1;
            let least = change.min(insert).min(delete).min(swap);
            set(&mut cells, at(row + 1, column + 1), least);
        }
        last_rows.insert(*from, row);
    }
    read(&cells, at(a.len() + 1, b.len() + 1))
}

fn set(cells: &mut [usize], cell: usize, distance: usize) {
    if let Some(cell) = cells.get_mut(cell) {
        *cell = distance;
    }
}

/// The share of a target's n-grams that a text has in the same order. `positional` also counts
/// n-grams that agree in part, and compares with the longer text.
fn ngram_share(ctx: &mut Context<'_>, args: &[Value], positional: bool) -> Outcome {
    let input: Vec<char> = text(args, 0).chars().collect();
    let target: Vec<char> = text(args, 1).chars().collect();
    let Some(length) = size(args, 2).filter(|length| *length > 0) else {
        return ctx.wrong_type();
    };
    check_cells(ctx, input.len().max(1), target.len().max(1))?;
    let inputs: Vec<&[char]> = input.windows(length).collect();
    let targets: Vec<&[char]> = target.windows(length).collect();
    let whole = if positional {
        inputs.len().max(targets.len())
    } else {
        targets.len()
    };
    if inputs.is_empty() || targets.is_empty() {
        // Texts too short for a single n-gram are alike only if they are the same.
        return Ok(i64::from(input == target).into());
    }
    let score = |a: &[char], b: &[char]| {
        let same = a.iter().zip(b).filter(|(a, b)| a == b).count();
        if positional {
            same as f32 / length as f32
        } else {
            f32::from(u8::from(same == length))
        }
    };
    let share = best_sequence(&inputs, &targets, score) / whole as f32;
    Ok(Value::from_f64(f64::from(share)).unwrap_or_default())
}

/// The greatest total score of pairs that come in the same order in both lists.
fn best_sequence(a: &[&[char]], b: &[&[char]], score: impl Fn(&[char], &[char]) -> f32) -> f32 {
    let mut above = vec![0.0f32; b.len() + 1];
    for item in a {
        let mut row = Vec::with_capacity(above.len());
        let mut left = 0.0f32;
        row.push(left);
        for ((diagonal, up), other) in above.iter().zip(above.iter().skip(1)).zip(b) {
            left = left.max(*up).max(diagonal + score(item, other));
            row.push(left);
        }
        above = row;
    }
    above.last().copied().unwrap_or(0.0)
}

fn ngram_similarity(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    ngram_share(ctx, args, false)
}

fn ngram_positional_similarity(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    ngram_share(ctx, args, true)
}

/// The sound class of a letter; 0 for vowels.
fn sound(letter: char) -> Option<char> {
    Some(match letter {
        'B' | 'F' | 'P' | 'V' => '1',
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => '2',
        'D' | 'T' => '3',
        'L' => '4',
        'M' | 'N' => '5',
        'R' => '6',
        'A' | 'E' | 'I' | 'O' | 'U' | 'Y' => '0',
        _ => return None,
    })
}

fn soundex(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    let text = text(args, 0).to_ascii_uppercase();
    let mut letters = text.chars().filter(char::is_ascii_alphabetic);
    let Some(first) = letters.next() else {
        return Ok("".into());
    };
    let mut code = String::from(first);
    let mut last = sound(first);
    // H and W have no class: equal sounds around them count once.
    for class in letters.filter_map(sound) {
        if class != '0' && last != Some(class) && code.len() < 4 {
            code.push(class);
        }
        last = Some(class);
    }
    Ok(format!("{code:0<4}").into())
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::of_texts("LEVENSHTEIN_DISTANCE", 2, 2, levenshtein_distance),
    Function::of_texts(
        "NGRAM_POSITIONAL_SIMILARITY",
        3,
        3,
        ngram_positional_similarity,
    ),
    Function::of_texts("NGRAM_SIMILARITY", 3, 3, ngram_similarity),
    Function::of_texts("SOUNDEX", 1, 1, soundex),
];
