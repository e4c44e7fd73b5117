//! What a check is: a plain value that answers the same questions as every other.

use crate::{
    case::{Case, Seat, Server},
    judgement::Judgement,
    severity::Severity,
};

/// One requirement, with its documentation as data.
pub struct Check {
    /// `category/name`, the same as its file.
    pub id: &'static str,
    /// A sentence that is true of a healthy migration.
    pub requirement: &'static str,
    /// How bad a finding is, unless the finding or the user says otherwise.
    pub severity: Severity,
    /// What goes wrong without it.
    pub why: &'static str,
    /// How to satisfy it.
    pub fix: &'static str,
    /// Where the requirement comes from.
    pub references: &'static [&'static str],
    /// Compliance controls that it proves.
    pub controls: &'static [&'static str],
    /// IAM actions and grants that its facts come from.
    pub needs: &'static [&'static str],
    /// Checks whose failing explains why a fact of this one is missing.
    pub after: &'static [&'static str],
    /// The step of DMS's own test that can't succeed without it; none, if DMS connects without it.
    pub proved_by: Option<TestStep>,
    /// What is judged.
    pub judge: Judge,
}

impl Check {
    /// The part of the id before the slash.
    pub fn category(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(category, _)| category)
    }

    /// The part of the id behind the slash.
    pub fn name(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(_, name)| name)
    }
}

/// What DMS's own test does from the replication instance. A fresh success proves what each step
/// takes: a requirement that it only makes likely is not proved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TestStep {
    /// It goes from the seat to the cluster, which proves nothing of another seat.
    Way,
    /// It finds the cluster there, as it would from any seat.
    Cluster,
    /// It speaks with the server and logs in.
    Login,
    /// It verifies the server's certificates for its name, where the SSL mode is `verify-full`.
    Certificates,
}

/// What a check is judged for.
pub enum Judge {
    /// Once for the migration.
    Migration(fn(&mut Judgement, &Case<'_>)),
    /// Once for each subnet that the replication may sit in.
    Seat(fn(&mut Judgement, &Case<'_>, &Seat<'_>)),
    /// Once for each end of the migration, where DMS speaks MySQL with it.
    Endpoint(fn(&mut Judgement, &Case<'_>, &Server<'_>)),
    /// Once for the user's own configuration, when everything else is judged.
    Policy,
}
