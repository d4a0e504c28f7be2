//! Who used the processors while something was measured: this process, the database server, and others.

use std::{fs, time::Instant};

/// Ticks of the processor clock in `/proc` a second, which Linux fixes for programs.
const TICKS_PER_SECOND: f64 = 100.0;
/// The database server and its benchmark program.
const SERVERS: [&str; 2] = ["postgres", "pgbench"];
/// The services where they are processes of their own, by as much of their names as the system keeps.
const SERVICES: [&str; 2] = ["backorder-inven", "backorder-alloc"];

/// The processor time used so far, in ticks.
#[derive(Debug, Clone, Copy, Default)]
struct Ticks {
    busy: u64,
    own: u64,
    servers: u64,
}

/// Measures from now on.
#[derive(Debug)]
pub struct Meter {
    begun: Instant,
    before: Ticks,
}

/// Processors used in the mean while something was measured. All are 0 where the system does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Load {
    /// By this process and services beside it: services and client.
    pub own: f64,
    /// By the database server and its benchmark program.
    pub servers: f64,
    /// By everything else.
    pub others: f64,
}

impl Meter {
    /// Begins.
    #[must_use]
    pub fn start() -> Self {
        Self { begun: Instant::now(), before: ticks() }
    }

    /// The load since the beginning.
    #[must_use]
    pub fn load(&self) -> Load {
        let (after, before) = (ticks(), self.before);
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        let cores = |after: u64, before: u64| {
            let ticks = u32::try_from(after.saturating_sub(before)).unwrap_or(u32::MAX);
            f64::from(ticks) / TICKS_PER_SECOND / seconds
        };
        let (own, servers) = (cores(after.own, before.own), cores(after.servers, before.servers));
        Load { own, servers, others: (cores(after.busy, before.busy) - own - servers).max(0.0) }
    }
}

fn ticks() -> Ticks {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let own = used_in(&read("/proc/self/stat")) + used_by(SERVICES);
    Ticks { busy: busy_in(&read("/proc/stat")), own, servers: used_by(SERVERS) }
}

/// Programs that have ended count no more, so sum only over a time in which they live.
fn used_by(programs: [&str; 2]) -> u64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok());
    stats.filter(|stat| programs.contains(&name_in(stat))).map(|stat| used_in(&stat)).sum()
}

/// All but idle and waiting: user, nice, system, interrupts and time that a host took away.
fn busy_in(stat: &str) -> u64 {
    let line = stat.lines().next().unwrap_or_default();
    let fields: Vec<u64> = line.split_ascii_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    [0, 1, 2, 5, 6, 7].iter().filter_map(|index| fields.get(*index)).sum()
}

/// The name stands in brackets and may hold spaces.
fn name_in(stat: &str) -> &str {
    let name = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'));
    name.map_or("", |(name, _)| name)
}

/// User and system time of a process with its ended children: fields 14 to 17, counted from the process id.
fn used_in(stat: &str) -> u64 {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_ascii_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_leaves_out_idle_and_waiting() {
        assert_eq!(busy_in("cpu  10 1 5 900 70 2 3 4 0 0\ncpu0 1 1 1 1"), 25);
        assert_eq!(busy_in(""), 0);
    }

    #[test]
    fn a_process_with_spaces_and_brackets_in_its_name_is_read() {
        let stat = "42 (postgres: a) (b)) S 1 42 42 0 -1 4194560 1 2 3 4 100 20 3 1 20 0 1 0";
        assert_eq!(name_in(stat), "postgres: a) (b)");
        assert_eq!(used_in(stat), 124);
        assert_eq!(used_in("nonsense"), 0);
    }
}
