//! What operators ask for and only a whole server or a cluster can show.

use std::sync::Arc;

use http_api::{Health, Member, Membership};
use value::{Value, json};

use crate::harness::{Answer, Client, Host};

fn ask(client: &mut Client, method: &str, target: &str) -> Answer {
    let request = format!("{method} {target} HTTP/1.1\r\nauthorization: Basic cm9vdDo=\r\n\r\n");
    client.write(request.as_bytes());
    client.read_answer(false)
}

fn body(answer: &Answer) -> Value {
    json::parse(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.text()))
}

#[test]
fn a_client_may_stop_the_server() {
    let mut host = Host::start(|_| {});
    let mut client = host.connect();
    let answer = ask(&mut client, "DELETE", "/_admin/shutdown");
    assert_eq!((answer.status, answer.text().as_str()), (200, "\"OK\""));
    host.wait_for_stop_asked();
    let availability = ask(&mut client, "GET", "/_admin/server/availability");
    assert_eq!(availability.status, 503);
    host.begin_stop();
    host.end_stop();
    assert_eq!(host.finish(), Vec::<String>::new());
}

#[test]
fn a_soft_stop_waits_for_what_clients_hold() {
    let host = Host::start(|_| {});
    let mut client = host.connect();
    let query = r#"{"query": "FOR i IN 1..9 RETURN i", "batchSize": 2}"#;
    let request = format!(
        "POST /_api/cursor HTTP/1.1\r\nauthorization: Basic cm9vdDo=\r\n\
         content-length: {}\r\n\r\n{query}",
        query.len()
    );
    client.write(request.as_bytes());
    let opened = body(&client.read_answer(false));
    let id = opened.get("id").as_str().unwrap().to_owned();
    let answer = ask(&mut client, "DELETE", "/_admin/shutdown?soft=true");
    assert_eq!(answer.status, 200);
    let progress = body(&ask(&mut client, "GET", "/_admin/shutdown"));
    assert_eq!(progress.get("softShutdownOngoing"), &true.into());
    assert_eq!(progress.get("AQLcursors"), &1.into());
    assert_eq!(progress.get("allClear"), &false.into());
    assert_eq!(ask(&mut client, "GET", "/_api/version").status, 200);
    let closed = ask(&mut client, "DELETE", &format!("/_api/cursor/{id}"));
    assert_eq!(closed.status, 202);
    host.wait_for_stop_asked();
    assert_eq!(host.finish(), Vec::<String>::new());
}

/// Three servers as they might be.
struct Three;

impl Membership for Three {
    fn cluster_id(&self) -> String {
        "the-cluster".to_owned()
    }

    fn own_id(&self) -> String {
        "b".to_owned()
    }

    fn leader_id(&self) -> Option<String> {
        Some("b".to_owned())
    }

    fn members(&self) -> Vec<Member> {
        let member = |id: &str, health| Member {
            id: id.to_owned(),
            endpoint: format!("http://{id}:8529"),
            short_name: id.to_uppercase(),
            host: id.to_owned(),
            health,
            last_heartbeat_unix_ms: 1_700_000_000_000,
            starts: 7,
        };
        vec![
            member("a", Health::Bad),
            member("b", Health::Good),
            member("c", Health::Failed),
        ]
    }
}

#[test]
fn a_server_of_a_cluster_tells_of_the_others() {
    let host = Host::start_in_cluster(|_| {}, Some(Arc::new(Three)));
    let mut client = host.connect();
    let mut get = |target: &str| {
        let answer = ask(&mut client, "GET", target);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        body(&answer)
    };
    let endpoints = get("/_api/cluster/endpoints");
    let endpoints = endpoints.get("endpoints").as_array().unwrap();
    let endpoints: Vec<&str> = endpoints
        .iter()
        .filter_map(|one| one.get("endpoint").as_str())
        .collect();
    assert_eq!(endpoints, ["http://a:8529", "http://b:8529"]);
    let health = get("/_admin/cluster/health");
    assert_eq!(health.get("ClusterId").as_str(), Some("the-cluster"));
    let failed = health.get("Health").get("c");
    assert_eq!(failed.get("Status").as_str(), Some("FAILED"));
    assert_eq!(failed.get("CanBeDeleted"), &true.into());
    let heard = failed.get("LastAckedTime").as_str();
    assert_eq!(heard, Some("2023-11-14T22:13:20Z"));
    assert_eq!(get("/_admin/server/id").get("id").as_str(), Some("b"));
    let role = get("/_admin/server/role");
    assert_eq!(role.get("role").as_str(), Some("COORDINATOR"));
    let count = get("/_admin/cluster/numberOfServers");
    assert_eq!(count.get("numberOfCoordinators"), &2.into());
    let status = get("/_admin/status");
    let coordinator = status.get("coordinator");
    assert_eq!(coordinator.get("foxxmaster"), &vec!["b".into()].into());
    assert_eq!(coordinator.get("isFoxxmaster"), &vec![true.into()].into());
    assert_eq!(status.get("serverInfo").get("rebootId"), &7.into());
    let support = get("/_admin/support-info");
    let kind = support.get("deployment").get("type");
    assert_eq!(kind.as_str(), Some("cluster"));
    get("/_admin/cluster/nodeVersion?ServerID=a");
    let unknown = "/_admin/cluster/nodeVersion?ServerID=x";
    assert_eq!(ask(&mut client, "GET", unknown).status, 400);
    assert_eq!(host.finish(), Vec::<String>::new());
}
