//! Forgets what no transaction can need any more.

use std::sync::Weak;
use std::time::Duration;

use store::Result;

use crate::engine::Shared;
use crate::failure;

/// Runs until the engine is gone. Every process does it; it matters little when.
pub async fn run(shared: Weak<Shared>, period: Duration) {
    loop {
        tokio::time::sleep(period).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        if let Err(error) = sweep(&shared).await {
            tracing::debug!(?error, "what is old in the database was not forgotten");
        }
    }
}

/// Commits that come after the floor was raised know it, so nothing beneath it is looked for.
pub async fn sweep(shared: &Shared) -> Result<()> {
    let server = &shared.server;
    let failed = |error| failure::error("forget old commits", error);
    let (client, task) = server.connect().await?;
    let swept = async {
        // Nobody commits while the floor rises.
        client.batch_execute("BEGIN").await?;
        client.query_one(&server.sql.lock, &[]).await?;
        let retention = server.settings.retention.as_secs_f64();
        let floor = client
            .query_opt(&server.sql.raise_floor, &[&retention])
            .await?;
        client.batch_execute("COMMIT").await?;
        if let Some(row) = floor {
            let floor: i64 = row.try_get(0)?;
            for statement in &server.sql.forget {
                client.execute(statement, &[&floor]).await?;
            }
        }
        Ok(())
    };
    let swept = swept.await.map_err(failed);
    drop(client);
    task.abort();
    swept
}
