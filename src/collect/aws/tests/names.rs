//! Regions, and how errors sound.

use tidb_dms_checks::{facts::Asked, migration::SelectError};

use crate::collect::aws::{AwsError, is_region, region_of};

#[test]
fn the_region_is_that_of_an_arn() {
    let asked = |task: &str| Asked { task: Some(task.into()), ..Asked::default() };
    let arn = "arn:aws:dms:eu-west-1:111122223333:task:ABC";
    assert_eq!(region_of(&asked(arn)).as_deref(), Some("eu-west-1"));
    assert_eq!(region_of(&asked("orders-to-tidb")), None);
    assert_eq!(region_of(&Asked::default()), None);
}

#[test]
fn a_region_is_part_of_a_host_name() {
    for region in ["us-east-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"] {
        assert!(is_region(region), "{region}");
    }
    for other in ["", "useast1", "us-east-1.evil.example", "US-EAST-1", "-a", "us east 1"] {
        assert!(!is_region(other), "{other}");
    }
}

#[test]
fn an_error_is_one_line_that_says_what_there_is() {
    let error = |known: &[&str]| {
        let known = known.iter().map(|name| (*name).to_owned()).collect();
        let select = SelectError::Unknown { what: "task", name: "orders".into(), known };
        AwsError::of_selection(select, "us-east-1").to_string()
    };
    assert_eq!(error(&["a", "b"]), "no task `orders` in us-east-1; there is: a, b");
    assert_eq!(error(&[]), "no task `orders` in us-east-1; there is none");
}
