//! Words that can be typed as values, and what they stand for.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Deserialize;
use tidb_dms_checks::{
    facts::{PathKind, Role, Tier},
    severity::Severity,
};

/// Declares names that are typed, and what they stand for.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident: $target:ty { $($(#[$attribute:meta])* $variant:ident = $value:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, ValueEnum)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$attribute])* $variant,)* }

        impl From<$name> for $target {
            fn from(name: $name) -> Self {
                match name { $($name::$variant => $value,)* }
            }
        }
    };
}

names! {
    /// A side of a migration.
    RoleName: Role { Source = Role::Source, Target = Role::Target, }
}
names! {
    /// A tier of TiDB Cloud; Starter was called Serverless.
    TierName: Tier {
        #[value(alias = "serverless")]
        #[serde(alias = "serverless")]
        Starter = Tier::Starter,
        Essential = Tier::Essential,
        Dedicated = Tier::Dedicated,
        Premium = Tier::Premium,
    }
}
names! {
    /// How a cluster is reached.
    PathName: PathKind {
        Public = PathKind::Public,
        PrivateEndpoint = PathKind::PrivateEndpoint,
        VpcPeering = PathKind::VpcPeering,
    }
}
names! {
    /// How bad things are.
    SeverityName: Severity {
        Error = Severity::Error,
        Warning = Severity::Warning,
        Advice = Severity::Advice,
    }
}
names! {
    /// DMS's SSL modes.
    SslMode: &'static str {
        None = "none",
        Require = "require",
        VerifyCa = "verify-ca",
        VerifyFull = "verify-full",
    }
}
names! {
    /// A setting that is on or off, as `SHOW VARIABLES` and `SELECT` print it.
    OnOff: bool {
        #[value(alias = "1", alias = "true")]
        On = true,
        #[value(alias = "0", alias = "false")]
        Off = false,
    }
}
names! {
    /// DMS's migration types.
    MigrationType: &'static str {
        FullLoad = "full-load",
        Cdc = "cdc",
        FullLoadAndCdc = "full-load-and-cdc",
    }
}
