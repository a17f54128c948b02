//! Users, passwords and grants.

use super::*;
use crate::{Level, NewUser, UserChanges};

fn changes(password: &str) -> UserChanges {
    UserChanges {
        password: Some(password.to_owned()),
        ..UserChanges::default()
    }
}

#[test]
fn users_log_in_with_their_current_password() {
    let databases = open();
    let users = databases.users();
    users.create("ann", &changes("one")).unwrap();
    let logs_in =
        |name: &str, password: &str| users.authenticate(name, password).unwrap().is_some();
    // Twice: the second time from the remembered logins.
    assert!(logs_in("ann", "one") && logs_in("ann", "one"));
    assert!(!logs_in("ann", "two") && !logs_in("bob", "one"));
    users.change("ann", &changes("two")).unwrap();
    assert!(!logs_in("ann", "one") && logs_in("ann", "two"));
    let inactive = UserChanges {
        active: Some(false),
        ..UserChanges::default()
    };
    users.change("ann", &inactive).unwrap();
    assert!(!logs_in("ann", "two"));
    // Replacing sets what is missing to its default.
    users.replace("ann", &UserChanges::default()).unwrap();
    assert!(logs_in("ann", ""));
    users.remove("ann").unwrap();
    assert!(!logs_in("ann", ""));
    assert_eq!(number(users.create("", &changes(""))), 1700);
    assert_eq!(number(users.get("ann")), 1703);
    assert_eq!(number(users.remove("ann")), 1703);
    assert_eq!(number(users.change("ann", &changes(""))), 1703);
}

#[test]
fn names_are_unique_and_passwords_not_shown() {
    let databases = open();
    let users = databases.users();
    let user = users.create("ann", &changes("secret")).unwrap();
    assert_eq!(number(users.create("ann", &changes(""))), 1702);
    let shown = json::to_string(&Value::object(user.to_object()));
    assert_eq!(shown, r#"{"user":"ann","active":true,"extra":{}}"#);
    assert!(!format!("{user:?}").contains("argon2"));
    assert_eq!(users.list().unwrap().len(), 1);
}

#[test]
fn root_may_do_everything_and_a_new_user_nothing() {
    let databases = open();
    assert!(databases.ensure_root("").unwrap());
    assert!(!databases.ensure_root("changed").unwrap());
    let users = databases.users();
    assert!(users.authenticate("root", "").unwrap().is_some());
    assert_eq!(
        users.database_level("root", "any").unwrap(),
        Level::ReadWrite
    );
    assert_eq!(
        users.collection_level("root", "any", "c").unwrap(),
        Level::ReadWrite
    );
    users.create("ann", &changes("")).unwrap();
    assert_eq!(users.database_level("ann", "any").unwrap(), Level::None);
    assert_eq!(users.database_level("nobody", "any").unwrap(), Level::None);
}

#[test]
fn grants_are_given_taken_and_forgotten_with_their_database() {
    let databases = open();
    let new = |name: &str| NewUser {
        name: name.to_owned(),
        password: "p".to_owned(),
        active: true,
        extra: value::Object::new(),
    };
    assert_eq!(number(databases.create("shop", &[new("")])), 1700);
    databases.create("shop", &[new("ann")]).unwrap();
    let users = databases.users();
    assert!(users.authenticate("ann", "p").unwrap().is_some());
    assert_eq!(
        users.database_level("ann", "shop").unwrap(),
        Level::ReadWrite
    );
    users
        .set_collection_level("ann", "shop", "c", Some(Level::ReadOnly))
        .unwrap();
    assert_eq!(
        users.collection_level("ann", "shop", "c").unwrap(),
        Level::ReadOnly
    );
    users
        .set_collection_level("ann", "shop", "c", None)
        .unwrap();
    assert_eq!(
        users.collection_level("ann", "shop", "c").unwrap(),
        Level::ReadWrite
    );
    databases.drop("shop").unwrap();
    databases.create("shop", &[]).unwrap();
    assert_eq!(users.database_level("ann", "shop").unwrap(), Level::None);
    assert!(users.get("ann").unwrap().grants.is_empty());
}

#[test]
fn a_direct_write_to_the_collection_is_noticed() {
    let databases = open();
    let users = databases.users();
    users.create("ann", &changes("p")).unwrap();
    assert!(users.authenticate("ann", "p").unwrap().is_some());
    let system = databases.system();
    let collection = system.collection("_users").unwrap();
    run(&system, |transaction| transaction.truncate(&collection)).unwrap();
    assert!(users.authenticate("ann", "p").unwrap().is_none());
}

#[test]
fn access_tokens_do_for_the_password_until_they_end() {
    let (platform, clock) = platform::Platform::simulated(1_700_000_000_000, 1);
    let mut settings = Settings::recommended();
    settings.password.memory_kib = 8;
    settings.access_tokens_max = 2;
    let engine = std::sync::Arc::new(store::memory::MemoryEngine::new());
    let databases = Databases::open(engine, platform, settings).unwrap();
    let users = databases.users();
    users.create("ann", &UserChanges::default()).unwrap();
    let (token, text) = users
        .create_token("ann", "ci", Some(1_700_000_060))
        .unwrap();
    let name = |user: &str, text: &str| {
        let found = users.authenticate(user, text).unwrap();
        found.map(|user| user.name.clone())
    };
    assert_eq!(name("ann", &text).as_deref(), Some("ann"));
    assert_eq!(name("", &text).as_deref(), Some("ann"));
    assert_eq!(name("bob", &text), None);
    assert!(text.ends_with(&token.fingerprint[5..]));
    let stored = users.get("ann").unwrap();
    assert!(!format!("{:?}", stored.tokens).contains(&text), "not kept");
    clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(name("ann", &text), None, "it is over");
    let (endless, text) = users.create_token("ann", "x", None).unwrap();
    assert_eq!((token.id, endless.id), (1, 2));
    assert_eq!(name("ann", &text).as_deref(), Some("ann"));
    let error = users.create_token("ann", "y", None).unwrap_err();
    assert!(error.message().contains("access_tokens_max"), "{error}");
    users.remove_token("ann", 2).unwrap();
    assert_eq!(name("ann", &text), None);
    let (third, _) = users.create_token("ann", "x", None).unwrap();
    assert_eq!(third.id, 3, "numbers are not used again");
}
