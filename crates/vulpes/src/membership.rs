//! The coordinators, as the HTTP interface shows them.

use std::sync::Arc;
use std::time::Duration;

use cluster::Cluster;
use http_api::{Health, Member, Membership};
use platform::Clock;

struct Coordinators {
    cluster: Cluster,
    clock: Arc<dyn Clock>,
}

/// The coordinators, if this server shares its store.
pub(crate) fn of(cluster: &Cluster, clock: &Arc<dyn Clock>) -> Option<Arc<dyn Membership>> {
    let (cluster, clock) = (cluster.clone(), Arc::clone(clock));
    let is_shared = cluster.is_shared();
    is_shared.then(|| Arc::new(Coordinators { cluster, clock }) as Arc<dyn Membership>)
}

impl Membership for Coordinators {
    fn cluster_id(&self) -> String {
        self.cluster.cluster_id().unwrap_or_default()
    }

    fn own_id(&self) -> String {
        self.cluster.id().to_owned()
    }

    /// The one with the lowest id. Nothing depends on it: whatever only one may do has a lease.
    fn leader_id(&self) -> Option<String> {
        self.cluster
            .live()
            .into_iter()
            .next()
            .map(|member| member.id)
    }

    fn members(&self) -> Vec<Member> {
        let time_max = self.cluster.member_time_max();
        let now = self.clock.unix_ms();
        let member = |(known, unchanged): (cluster::Member, Duration)| Member {
            short_name: known.id.clone(),
            host: host(&known.endpoint),
            id: known.id,
            endpoint: known.endpoint,
            health: if unchanged >= time_max {
                Health::Failed
            } else if unchanged >= time_max / 2 {
                Health::Bad
            } else {
                Health::Good
            },
            last_heartbeat_unix_ms: now
                .saturating_sub(u64::try_from(unchanged.as_millis()).unwrap_or(u64::MAX)),
            starts: 1,
        };
        self.cluster.known().into_iter().map(member).collect()
    }
}

/// The machine in an endpoint such as `http://10.0.0.1:8529`.
fn host(endpoint: &str) -> String {
    let address = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, rest)| rest);
    let machine = address
        .rsplit_once(':')
        .map_or(address, |(machine, _)| machine);
    machine.to_owned()
}
