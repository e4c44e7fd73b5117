//! What closes a gap: whoever pasted the text is asked for one thing at a time.

use crate::facts::Unlock;

use super::privilege::Privileges;

/// The output of `SHOW GRANTS`, whole.
pub(super) fn show_grants() -> Unlock {
    Unlock::File("the whole output of SHOW GRANTS, run by the account itself".into())
}

/// Each grantee's rows apart from those of its roles.
pub(super) fn grantees() -> Unlock {
    Unlock::File(
        "the output of SHOW GRANTS FOR the account and FOR each of its roles, run by an \
         administrator"
            .into(),
    )
}

/// The value of `SELECT CURRENT_ROLE()`.
pub(super) fn current_role() -> Unlock {
    Unlock::Flag("--current-role".into())
}

/// The value of `SELECT @@partial_revokes`.
pub(super) fn partial_revokes() -> Unlock {
    Unlock::Flag("--partial-revokes".into())
}

/// The value of `SELECT @@lower_case_table_names`.
pub(super) fn lower_case_table_names() -> Unlock {
    Unlock::Flag("--lower-case-table-names".into())
}

/// The value of `SELECT VERSION()`.
pub(super) fn version() -> Unlock {
    Unlock::Flag("--server".into())
}

/// Which schemas are meant.
pub(super) fn selection() -> Unlock {
    Unlock::Flag("--schemas".into())
}

/// The tables of a schema, every one.
pub(super) fn tables() -> Unlock {
    Unlock::Flag("--tables".into())
}

/// A grant in place of what can't be seen from outside.
pub(super) fn grant(privileges: &Privileges, on: &str) -> Unlock {
    let names: Vec<&str> = privileges.iter().map(|privilege| privilege.name()).collect();
    Unlock::Grant(format!("{} ON {on}", names.join(", ")))
}
