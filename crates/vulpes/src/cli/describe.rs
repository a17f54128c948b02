//! The flags as a list: for clients that ask how the server was started, and for the page of
//! settings.

use std::any::TypeId;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, CommandFactory as _};
use http_api::StartupOption;
use value::Value;

use super::Cli;

/// Flags whose values nobody is told.
const SECRET: &[&str] = &["root_password", "store"];

/// The flags of `vulpes serve` with the values that `matches` has for them.
pub(crate) fn options(matches: &ArgMatches) -> Vec<StartupOption> {
    let command = Cli::command();
    let serve = command.find_subcommand("serve");
    let arguments = serve.into_iter().flat_map(clap::Command::get_arguments);
    let shown = arguments.filter(|argument| is_shown(argument));
    shown.map(|argument| option(argument, matches)).collect()
}

fn is_shown(argument: &Arg) -> bool {
    argument.get_long().is_some() && !SECRET.contains(&argument.get_id().as_str())
}

fn is_list(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::Append)
}

fn type_name(argument: &Arg) -> &'static str {
    let of = argument.get_value_parser().type_id();
    match () {
        () if is_list(argument) => "string...",
        () if of == TypeId::of::<bool>() => "boolean",
        () if of == TypeId::of::<f64>() => "double",
        () if of == TypeId::of::<u64>() || of == TypeId::of::<usize>() => "uint64",
        () if of == TypeId::of::<PathBuf>() => "string",
        () => "string",
    }
}

/// A value as its type shows it.
fn typed(text: &str, type_name: &str) -> Value {
    match type_name {
        "boolean" => matches!(text, "true" | "1" | "yes" | "on" | "y" | "t").into(),
        "uint64" => text.parse::<u64>().map_or(Value::Null, Value::from),
        "double" => text
            .parse()
            .ok()
            .and_then(Value::from_f64)
            .unwrap_or_default(),
        _ => text.into(),
    }
}

fn option(argument: &Arg, matches: &ArgMatches) -> StartupOption {
    let type_name = type_name(argument);
    let defaults = argument.get_default_values().iter();
    let defaults = defaults.map(|text| text.to_string_lossy().into_owned());
    let given = matches.get_raw(argument.get_id().as_str());
    let given = given.into_iter().flatten();
    let given = given.map(|text| text.to_string_lossy().into_owned());
    let shown = |texts: Vec<String>| match (is_list(argument), texts.first()) {
        (true, _) => texts
            .into_iter()
            .map(Value::from)
            .collect::<Vec<_>>()
            .into(),
        (false, Some(text)) => typed(text, type_name),
        (false, None) => Value::Null,
    };
    StartupOption {
        name: argument.get_long().unwrap_or_default().to_owned(),
        description: help(argument),
        type_name,
        value: shown(given.collect()),
        default: shown(defaults.collect()),
    }
}

fn help(argument: &Arg) -> String {
    argument
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::{env, fs};

    use clap::CommandFactory as _;

    use super::*;

    fn matches(flags: &[&str]) -> ArgMatches {
        let words = ["vulpes", "serve"].iter().chain(flags);
        let matches = Cli::command().try_get_matches_from(words).unwrap();
        matches.subcommand_matches("serve").unwrap().clone()
    }

    #[test]
    fn values_have_their_types_and_secrets_stay_secret() {
        let options = options(&matches(&[
            "--workers=3",
            "--foxx.api=off",
            "--root-password=geheim",
            "--install=/a=b",
        ]));
        let value = |name: &str| {
            let found = options.iter().find(|option| option.name == name);
            found.map(|option| option.value.clone())
        };
        assert_eq!(value("workers"), Some(3.into()));
        assert_eq!(value("foxx.api"), Some(false.into()));
        assert_eq!(value("stop-time"), Some(Value::from_f64(10.0).unwrap()));
        assert_eq!(value("install"), Some(vec!["/a=b".into()].into()));
        assert_eq!(value("root-password"), None);
        assert!(!format!("{options:?}").contains("geheim"));
    }

    /// `ACCEPT=1 cargo test -p vulpes settings_page` writes it.
    #[test]
    fn the_settings_page_lists_all_flags() {
        let command = Cli::command();
        let serve = command.find_subcommand("serve").unwrap();
        let mut page = "# Settings\n\nThe flags of `vulpes serve`, from `vulpes serve --help`. \
            Many names with a dot are those of the\ncompatible product. A request that meets a \
            limit is told its flag.\n\n| flag | unit | default | what |\n\
            |---|---|---|---|\n"
            .to_owned();
        for argument in serve.get_arguments().filter(|one| one.get_long().is_some()) {
            let unit = argument.get_value_names().unwrap_or_default();
            let unit = unit.first().map(|unit| unit.to_lowercase());
            let defaults = argument.get_default_values().first();
            let default = defaults.map(|text| text.to_string_lossy().into_owned());
            writeln!(
                page,
                "| `--{}` | {} | {} | {} |",
                argument.get_long().unwrap(),
                unit.unwrap_or_default(),
                default.unwrap_or_default(),
                help(argument).replace('|', "\\|"),
            )
            .unwrap();
        }
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
        if env::var_os("ACCEPT").is_some() {
            fs::write(file, &page).unwrap();
        }
        let written = fs::read_to_string(file).unwrap_or_default();
        assert!(
            written == page,
            "docs/settings.md is not what the flags are"
        );
    }
}
