//! Evidence as customers send it: files and folders of AWS CLI output, with all that goes wrong.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use tidb_dms::collect::evidence;
use tidb_dms_checks::facts::{
    Facts, Gap, Index, Inventory, Lookup, Unlock,
    inventory::{Conflict, Extent},
};

/// A folder of evidence, made of names and contents.
struct Evidence(TempDir);

impl Evidence {
    fn of<C: AsRef<[u8]>>(files: &[(&str, C)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            let path = folder.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The text without the folder's name, which is new each time.
    fn plain(&self, text: &str) -> String {
        let folder = self.0.path().to_str().unwrap();
        text.replace(&format!("{folder}/"), "").replace(folder, "the folder")
    }

    fn read_paths<P: AsRef<Path>>(&self, paths: &[P]) -> Result<(Facts, Vec<String>), String> {
        let mut facts = Facts::new("2026-11-24T10:00:00Z".parse().unwrap());
        let mut notes = Vec::new();
        evidence::read(paths, facts.taken_at, &mut facts, &mut notes)
            .map_err(|error| self.plain(&error.to_string()))?;
        let notes = notes.iter().map(|note| self.plain(note)).collect();
        Ok((facts, notes))
    }

    fn read(&self) -> Result<(Facts, Vec<String>), String> {
        self.read_paths(&[self.0.path()])
    }

    /// The inventory and the notes; the reading has to work.
    fn inventory(&self) -> (Inventory, Vec<String>) {
        let (facts, notes) = self.read().unwrap();
        (facts.inventory, notes)
    }

    /// What is said when the folder is read; that has to fail.
    fn error(&self) -> String {
        self.read().unwrap_err()
    }
}

fn subnets(inventory: &Inventory) -> Vec<&str> {
    let ids = inventory.subnets.items.iter();
    ids.map(|subnet| subnet.subnet_id.as_str()).collect()
}

const ONE: &str = r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]}"#;
const TWO: &str = r#"{"Subnets": [{"SubnetId": "subnet-2", "VpcId": "vpc-1"}]}"#;

#[test]
fn regions_and_accounts_add_up_in_the_order_of_names() {
    let evidence = Evidence::of(&[
        ("us-west-2/b/subnets.json", TWO),
        ("us-east-1/z.txt", ONE),
        ("us-east-1/a", r#"{"Vpcs": [{"VpcId": "vpc-1"}]}"#),
    ]);
    let (inventory, notes) = evidence.inventory();
    assert_eq!(subnets(&inventory), ["subnet-1", "subnet-2"]);
    assert_eq!(inventory.subnets.extent, Extent::AssumedWhole);
    assert_eq!(inventory.vpcs.items.len(), 1);
    assert!(inventory.route_tables.is_undelivered());
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn one_resource_in_three_files_is_one_resource() {
    let evidence = Evidence::of(&[
        ("1.json", r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]}"#),
        (
            "2.json",
            r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"}]}"#,
        ),
        (
            "3.json",
            r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "AvailabilityZone": "us-east-1a"}]}"#,
        ),
    ]);
    let (inventory, _) = evidence.inventory();
    assert_eq!(subnets(&inventory), ["subnet-1"]);
    let subnet = &inventory.subnets.items[0];
    assert_eq!(subnet.cidr_block.as_deref(), Some("10.0.0.0/24"));
    assert_eq!(subnet.availability_zone.as_deref(), Some("us-east-1a"));
    assert!(inventory.conflicts.is_empty());
}

#[test]
fn descriptions_that_contradict_are_not_believed() {
    let evidence = Evidence::of(&[
        ("monday.json", r#"{"NatGateways": [{"NatGatewayId": "nat-1", "State": "available"}]}"#),
        ("tuesday.json", r#"{"NatGateways": [{"NatGatewayId": "nat-1", "State": "deleted"}]}"#),
    ]);
    let (inventory, _) = evidence.inventory();
    assert_eq!(
        inventory.conflicts,
        [Conflict { list: "NatGateways".into(), id: "nat-1".into(), fields: vec!["State".into()] }]
    );
    let index = Index::new(&inventory);
    assert!(matches!(index.nat_gateway("nat-1"), Lookup::Unseen(_)));
}

#[test]
fn two_keys_unread_keys_and_metadata() {
    let evidence = Evidence::of(&[
        (
            "all.json",
            r#"{"KeyPairs": [{"KeyName": "k"}], "Vpcs": [{"VpcId": "vpc-1"}],
                "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}],
                "ResponseMetadata": {"RequestId": "r"}, "Note to support": "hello"}"#,
        ),
        ("more.json", r#"{"KeyPairs": [], "Vpcs": [{"VpcId": "vpc-2"}]}"#),
        ("zones.json", r#"{"AvailabilityZones": [{}]}"#),
    ]);
    let (inventory, notes) = evidence.inventory();
    assert_eq!((inventory.vpcs.items.len(), inventory.subnets.items.len()), (2, 1));
    assert_eq!(
        notes,
        ["zones.json: holds nothing that is read", "no check reads KeyPairs, Note to support"]
    );
}

#[test]
fn a_list_of_another_service_is_not_dms_s() {
    let certificates = |service: &str| {
        format!(
            r#"{{"Certificates": [{{"CertificateIdentifier": "c",
                "CertificateArn": "arn:aws:{service}:us-east-1::cert:c"}}], "Vpcs": []}}"#
        )
    };
    let (inventory, notes) = Evidence::of(&[("a.json", certificates("rds"))]).inventory();
    assert!(inventory.certificates.is_undelivered());
    assert_eq!(notes, ["no check reads Certificates of another service"]);
    let both = [("a.json", certificates("rds")), ("b.json", certificates("dms"))];
    let (inventory, _) = Evidence::of(&both).inventory();
    assert_eq!(inventory.certificates.items.len(), 1);
    assert_eq!(inventory.certificates.extent, Extent::AssumedWhole);
}

#[test]
fn a_null_delivers_nothing() {
    let evidence = Evidence::of(&[("a.json", r#"{"Subnets": null, "Vpcs": []}"#)]);
    let (inventory, _) = evidence.inventory();
    assert!(inventory.subnets.is_undelivered());
    assert_eq!(inventory.vpcs.extent, Extent::AssumedWhole);
}

#[test]
fn a_page_makes_the_list_partial_wherever_it_stands() {
    let page = r#"{"NextToken": "more", "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]}"#;
    let empty = r#"{"Subnets": [], "NextToken": "more"}"#;
    let dms = r#"{"Subnets": [], "Marker": "more"}"#;
    for (first, second) in [(page, TWO), (TWO, page), (empty, TWO), (TWO, empty), (dms, TWO)] {
        let evidence = Evidence::of(&[
            ("1.json", first),
            ("2.json", second),
            ("3.json", r#"{"Vpcs": [], "NextToken": null}"#),
            ("4.json", r#"{"Endpoints": [], "Marker": ""}"#),
        ]);
        let (inventory, _) = evidence.inventory();
        let page = if second == TWO { "1.json" } else { "2.json" };
        let gap = inventory.subnets.gap().unwrap();
        assert_eq!(evidence.plain(&gap.reason), format!("{page} is one page of several"));
        let unlock =
            "the output of `aws ec2 describe-subnets` (IAM action ec2:DescribeSubnets), whole";
        assert_eq!(gap.unlock, Unlock::File(unlock.into()));
        assert!(subnets(&inventory).contains(&"subnet-2"));
        assert_eq!(inventory.vpcs.extent, Extent::AssumedWhole);
        assert_eq!(inventory.endpoints.extent, Extent::AssumedWhole);
    }
}

#[test]
fn an_empty_page_stays_a_page_in_facts_that_are_saved_and_merged() {
    let evidence = Evidence::of(&[("1.json", r#"{"Subnets": [], "NextToken": "more"}"#)]);
    let (page, _) = evidence.inventory();
    let saved = serde_json::to_string(&page).unwrap();
    let page: Inventory = serde_json::from_str(&saved).unwrap();
    let whole: Inventory = serde_json::from_str(ONE).unwrap();
    for (mut one, other) in [(page.clone(), whole.clone()), (whole, page)] {
        one.merge(other);
        assert!(one.subnets.gap().is_some());
    }
}

#[test]
fn entries_belong_to_the_list_that_the_file_is_named_after() {
    let entries =
        r#"{"Entries": [{"Cidr": "10.0.0.0/8"}, {"Cidr": "10.1.0.0/16", "Description": "d"}]}"#;
    let page = r#"{"Entries": [{"Cidr": "10.0.0.0/8"}], "NextToken": "more"}"#;
    let named = r#"{"PrefixListId": "pl-named", "Entries": []}"#;
    let acl =
        r#"{"NetworkAclId": "acl-1", "Entries": [{"CidrBlock": "0.0.0.0/0", "Egress": true}]}"#;
    let evidence = Evidence::of(&[
        ("acl of pl-9.json", acl),
        ("nameless.json", entries),
        ("named.json", named),
        ("pl-1.json", entries),
        ("pl-2 page 1.json", page),
        ("pl-2 page 2.json", entries),
    ]);
    let (inventory, notes) = evidence.inventory();
    assert_eq!(
        notes,
        [
            "acl of pl-9.json: holds nothing that is read",
            "nameless.json: entries of a prefix list, but not of which; put its id (pl-…) into the file's name",
        ]
    );
    let index = Index::new(&inventory);
    assert_eq!(index.prefix_list("pl-1").unwrap(), ["10.0.0.0/8", "10.1.0.0/16"]);
    assert_eq!(index.prefix_list("pl-named").unwrap(), [""; 0]);
    assert_eq!(
        index.prefix_list("pl-2").unwrap_err().reason,
        "its entries came in pages, and whether all of them are there can't be told"
    );
    assert_eq!(
        index.prefix_list("pl-9").unwrap_err().reason,
        "its entries were not seen: one answer is about one list"
    );
}

#[test]
fn entries_of_nobody_knows_which_list_stay_unseen() {
    let evidence = Evidence::of(&[("a.json", r#"{"Entries": [{"Cidr": "10.0.0.0/8"}]}"#)]);
    let (inventory, notes) = evidence.inventory();
    assert!(inventory.prefix_list_entries.is_undelivered());
    assert_eq!(notes.len(), 1);
}

#[test]
fn prefix_lists_in_the_older_form_bring_their_entries() {
    let evidence = Evidence::of(&[(
        "a.json",
        r#"{"PrefixLists": [{"PrefixListId": "pl-1", "PrefixListName": "s3", "Cidrs": ["52.0.0.0/8"]}]}"#,
    )]);
    let (inventory, _) = evidence.inventory();
    assert_eq!(Index::new(&inventory).prefix_list("pl-1").unwrap(), ["52.0.0.0/8"]);
}

#[test]
fn attributes_of_one_vpc_come_in_two_files() {
    let evidence = Evidence::of(&[
        ("a.json", r#"{"VpcId": "vpc-1", "EnableDnsSupport": {"Value": true}}"#),
        ("b.json", r#"{"EnableDnsHostnames": {"Value": false}, "VpcId": "vpc-1"}"#),
        ("c.json", r#"{"VpcId": "vpc-2", "CidrBlock": "10.0.0.0/16"}"#),
    ]);
    let (inventory, notes) = evidence.inventory();
    let [attributes] = &inventory.vpc_attributes.items[..] else {
        panic!("{:?}", inventory.vpc_attributes);
    };
    assert!(attributes.enable_dns_support.as_ref().unwrap().value);
    assert!(!attributes.enable_dns_hostnames.as_ref().unwrap().value);
    let index = Index::new(&inventory);
    assert!(matches!(index.vpc_attributes("vpc-1"), Lookup::Found(_)));
    // Another VPC was not asked about: that isn't the same as having none.
    assert!(matches!(index.vpc_attributes("vpc-2"), Lookup::Unseen(_)));
    assert_eq!(notes, ["c.json: holds nothing that is read"]);
}

#[test]
fn subnets_of_a_subnet_group_are_not_subnets() {
    let group = r#"{"ReplicationSubnetGroups": [{"ReplicationSubnetGroupIdentifier": "g",
        "Subnets": [{"SubnetIdentifier": "subnet-1"}]}]}"#;
    let (inventory, _) = Evidence::of(&[("a.json", group)]).inventory();
    assert!(inventory.subnets.is_undelivered());
    assert_eq!(inventory.replication_subnet_groups.items.len(), 1);
}

#[test]
fn a_broken_file_is_named_with_line_and_column() {
    for (name, content, error) in [
        (
            "rtb.json",
            "{\n  \"RouteTables\": [\n    {\"RouteTableId\": \"rtb-1\" \"VpcId\": \"vpc-1\"}\n]}",
            "rtb.json:3:30: expected `,` or `}`",
        ),
        (
            "cut.json",
            "{\"Subnets\": [\r\n{\"SubnetId\": \"subnet-1\",",
            "cut.json:2:24: EOF while parsing a value",
        ),
        (
            "types.json",
            "{\"Subnets\":\n {\"SubnetId\": 1}}",
            "types.json:2:3: invalid type: map, expected the list Subnets",
        ),
        (
            "id.json",
            "{\"NatGateways\": [\n  {\"NatGatewayId\": \"nat-1\"},\n  {\"State\": \"available\"}\n]}",
            "id.json:4:1: NatGateways[1] has no id",
        ),
        (
            "attribute.json",
            "{\"VpcId\": \"vpc-1\", \"EnableDnsSupport\": {}}",
            "attribute.json:1:41: missing field `Value`",
        ),
        ("words.json", "{Subnets: []}", "words.json:1:2: key must be a string"),
        (
            "bytes.json",
            "{\"Vpcs\": [{\"VpcId\": \"\u{1}\"}]}",
            "bytes.json:1:22: control character (\\u0000-\\u001F) found while parsing a string",
        ),
    ] {
        let evidence = Evidence::of(&[("a/fine.json", ONE), (name, content)]);
        assert_eq!(evidence.error(), error);
        assert_eq!(evidence.read_paths(&[evidence.path(name)]).unwrap_err(), error);
    }
}

#[test]
fn documents_one_after_another_are_all_read() {
    let evidence =
        Evidence::of(&[("all.json", format!("{ONE}{TWO}\r\n\r\n[1]\n{{\"Vpcs\": []}}\n"))]);
    let (inventory, notes) = evidence.inventory();
    assert_eq!(subnets(&inventory), ["subnet-1", "subnet-2"]);
    assert_eq!(inventory.vpcs.extent, Extent::AssumedWhole);
    assert_eq!(
        notes,
        [
            "all.json: not read, it is a list that doesn't say of what: send what the AWS CLI prints \
             without `--query`"
        ]
    );

    let broken = Evidence::of(&[("all.json", format!("{ONE}\n{TWO}\n{{\"Vpcs\": [}}"))]);
    assert_eq!(broken.error(), "all.json:3:11: expected value");
}

#[test]
fn a_session_is_read_with_its_prompts() {
    let session = format!(
        "[me@host ~]$ aws ec2 describe-vpcs\n{{\"Vpcs\": [{{\"VpcId\": \"vpc-1\"}}]}}\n\
         [me@host ~]$ aws ec2 describe-subnets --filters Name=vpc-id,Values=vpc-1\n{ONE}\n\
         [me@host ~]$ aws ec2 get-managed-prefix-list-entries --prefix-list-id pl-7\n\
         {{\"Entries\": [{{\"Cidr\": \"10.0.0.0/8\"}}]}}\n[me@host ~]$ exit\n"
    );
    let (inventory, notes) = Evidence::of(&[("session.txt", &session)]).inventory();
    assert_eq!(inventory.vpcs.items.len(), 1);
    assert_eq!(inventory.vpcs.extent, Extent::AssumedWhole);
    // Who asked for some of them doesn't show that there are no others.
    assert_eq!(subnets(&inventory), ["subnet-1"]);
    let gap = inventory.subnets.gap().unwrap();
    assert!(gap.reason.contains("asked for some of them only"), "{gap:?}");
    assert_eq!(Index::new(&inventory).prefix_list("pl-7").unwrap(), ["10.0.0.0/8"]);
    assert_eq!(notes, [""; 0]);

    // Certificates in JSON aren't PEM that somebody sent.
    let certificates = "$ aws dms describe-certificates\n{\"Certificates\": [{\"CertificateArn\": \
        \"arn:aws:dms:us-east-1:1:cert:X\", \"CertificatePem\": \"-----BEGIN CERTIFICATE-----\\nx\"}]}\n";
    let (inventory, notes) = Evidence::of(&[("session.txt", certificates)]).inventory();
    assert_eq!(inventory.certificates.items.len(), 1);
    assert_eq!(notes, [""; 0]);

    // The same where the first command isn't shown, and the last answer is cut off.
    let cut = format!("{ONE}\n$ aws ec2 describe-vpcs\n{{\"Vpcs\": [{{\"VpcId\": \"vpc-");
    let (inventory, notes) =
        Evidence::of(&[("a.json", &cut), ("b.json", &r#"{"Vpcs": []}"#.to_owned())]).inventory();
    assert_eq!(subnets(&inventory), ["subnet-1"]);
    assert!(inventory.vpcs.gap().unwrap().reason.contains("broken"));
    assert_eq!(
        notes,
        ["a.json: what `$ aws ec2 describe-vpcs` printed is broken at line 3, and not read"]
    );
}

#[test]
fn what_follows_the_last_document_is_left_aside() {
    let (inventory, notes) =
        Evidence::of(&[("tail.json", format!("{ONE}\n\n(END)\n"))]).inventory();
    assert_eq!(subnets(&inventory), ["subnet-1"]);
    assert_eq!(notes, ["tail.json: from line 3 on it is no evidence, and left aside"]);
}

/// The same key in another service's answer, or what `--query` left of a list.
#[test]
fn lists_without_ids_are_nobodys() {
    let evidence = Evidence::of(&[
        (
            "a.json",
            r#"{"Endpoints": [{"Address": "ingest", "CachePeriodInMinutes": 1}], "Vpcs": []}"#,
        ),
        ("b.json", r#"{"Subnets": ["subnet-1", "subnet-2"]}"#),
        (
            "c.json",
            r#"{"Connections": [{"ConnectionArn": "arn:aws:events:us-east-1:1:connection/x"}]}"#,
        ),
    ]);
    let (inventory, notes) = evidence.inventory();
    assert!(inventory.endpoints.is_undelivered() && inventory.subnets.is_undelivered());
    assert!(inventory.connections.is_undelivered());
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].starts_with("b.json: not read, it is lists without ids"), "{notes:?}");
    assert!(notes[2].contains("no check reads Endpoints without ids"), "{notes:?}");
}

#[test]
fn windows_writes_marks_and_utf_16() {
    let text = "{\"Subnets\": [\r\n{\"SubnetId\": \"subnet-1\", \"VpcId\": \"vpc-1\",\r\n\"Tags\": \"é €😀\"}]}\r\n";
    let wide = |mark: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("{mark}{text}").encode_utf16().flat_map(order).collect()
    };
    for content in [
        text.as_bytes().to_vec(),
        [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        wide("\u{FEFF}", u16::to_le_bytes),
        wide("\u{FEFF}", u16::to_be_bytes),
        wide("", u16::to_le_bytes),
        wide("", u16::to_be_bytes),
    ] {
        let (inventory, notes) = Evidence::of(&[("a.json", content)]).inventory();
        assert_eq!(subnets(&inventory), ["subnet-1"]);
        assert!(notes.is_empty());
    }
    let mut half = wide("\u{FEFF}", u16::to_le_bytes);
    half.truncate(half.len() - 9);
    let error = Evidence::of(&[("a.json", half)]).error();
    assert!(error.starts_with("a.json: "), "{error}");
}

#[test]
fn what_lies_beside_the_evidence_is_passed_over() {
    let evidence = Evidence::of(&[
        (".DS_Store", "{broken"),
        (".git/config", "{broken"),
        ("README.txt", "Read me. {}"),
        ("denied.json", ""),
        ("key.pem", "-----BEGIN CERTIFICATE-----\n"),
        ("list.csv", "a,b\n"),
        ("subnets.json", ONE),
        ("tidb-dms.toml", "[levels]\n"),
        ("waivers.toml", "\n[[waivers]]\n"),
        ("z.json", "[[\"a\"], {\"b\": []}]"),
    ]);
    let (inventory, notes) = evidence.inventory();
    assert_eq!(subnets(&inventory), ["subnet-1"]);
    assert_eq!(
        notes,
        [
            "README.txt: skipped, no kind of evidence",
            "denied.json: skipped, empty",
            "key.pem: skipped, certificate block 1 (line 1) has no end",
            "list.csv: skipped, no kind of evidence",
            "tidb-dms.toml: skipped, no kind of evidence",
            "waivers.toml: skipped, no kind of evidence",
            "z.json: not read, it is a list that doesn't say of what: send what the AWS CLI prints \
             without `--query`",
        ]
    );
}

#[test]
fn a_file_that_was_named_has_to_be_aws_output() {
    for (name, content, error) in [
        (
            "subnets.yaml",
            "Subnets:\n- SubnetId: subnet-1\n",
            "subnets.yaml: it is YAML: save what the AWS CLI prints with `--output json`",
        ),
        (
            "table",
            "-----------\n| DescribeSubnets |\n",
            "table: it is a table: save what the AWS CLI prints with `--output json`",
        ),
        ("empty.json", " \r\n", "empty.json: empty file"),
        (
            "list.json",
            "[]",
            "list.json: no AWS output found; list.json: it is a list that doesn't say of what: send \
             what the AWS CLI prints without `--query`",
        ),
        ("zones.json", r#"{"AvailabilityZones": []}"#, "zones.json: no AWS output found"),
        (
            "facts.json",
            r#"{"version": 1, "taken_at": "2026-11-24T10:00:00Z"}"#,
            "facts.json: a facts document of tidb-dms; pass it with --facts",
        ),
        (
            "inventory.json",
            r#"{"Vpcs": [], "Extents": {}}"#,
            "inventory.json: a facts document of tidb-dms; pass it with --facts",
        ),
    ] {
        let evidence = Evidence::of(&[(name, content)]);
        assert_eq!(evidence.read_paths(&[evidence.path(name)]).unwrap_err(), error);
    }
    let evidence = Evidence::of(&[("a.json", ONE)]);
    assert_eq!(
        evidence.read_paths(&[evidence.path("b.json")]).unwrap_err(),
        "b.json: No such file or directory (os error 2)"
    );
}

#[test]
fn several_paths_are_one_body_of_evidence() {
    let evidence = Evidence::of(&[("a.json", ONE), ("b.json", r#"{"AvailabilityZones": []}"#)]);
    let paths = [evidence.path("b.json"), evidence.path("a.json")];
    let (facts, notes) = evidence.read_paths(&paths).unwrap();
    assert_eq!(subnets(&facts.inventory), ["subnet-1"]);
    assert_eq!(notes, ["b.json: holds nothing that is read"]);
}

#[test]
fn a_report_beside_the_evidence_is_no_facts_document() {
    let report =
        r#"{"version": 1, "verdict": "fail", "taken_at": "2026-11-24T10:00:00Z", "rows": []}"#;
    let (_, notes) = Evidence::of(&[("a.json", ONE), ("report.json", report)]).inventory();
    assert_eq!(notes, ["report.json: holds nothing that is read"]);
}

#[test]
fn a_folder_without_evidence_is_an_error() {
    let nothing: &[(&str, &str)] = &[];
    assert_eq!(Evidence::of(nothing).error(), "the folder: no files in this folder");
    assert_eq!(Evidence::of(&[("a/.hidden", ONE)]).error(), "the folder: no files in this folder");
    assert_eq!(Evidence::of(&[("README.txt", "hello")]).error(), "the folder: no AWS output found");
    for (name, bytes, why) in [
        ("subnets.json.gz", &b"\x1f\x8b\x08\x00"[..], "it is packed: unpack it first"),
        ("seen.zip", b"PK\x03\x04\x14\x00", "it is packed: unpack it first"),
        (
            "vpcs.yml",
            b"---\nVpcs: []\n",
            "it is YAML: save what the AWS CLI prints with `--output json`",
        ),
    ] {
        let error = Evidence::of(&[(name, bytes)]).error();
        assert_eq!(error, format!("the folder: no AWS output found; {name}: {why}"));
    }
}

#[test]
fn time_is_the_later_one() {
    let evidence = Evidence::of(&[("a.json", ONE)]);
    let (early, late) = ("2026-11-24T10:00:00Z", "2026-11-25T10:00:00Z");
    for (known, taken) in [(early, late), (late, early)] {
        let mut facts = Facts::new(known.parse().unwrap());
        let path = [evidence.path("a.json")];
        evidence::read(&path, taken.parse().unwrap(), &mut facts, &mut Vec::new()).unwrap();
        assert_eq!(facts.taken_at, late.parse().unwrap());
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_loops_end() {
    use std::os::unix::fs::symlink;

    let evidence = Evidence::of(&[("in/subnets.json", ONE)]);
    let elsewhere = Evidence::of(&[("two.json", TWO)]);
    symlink(evidence.0.path(), evidence.path("in/loop")).unwrap();
    symlink(elsewhere.0.path(), evidence.path("in/other")).unwrap();
    symlink(evidence.path("nowhere"), evidence.path("in/broken")).unwrap();
    let (inventory, notes) = evidence.inventory();
    assert_eq!(subnets(&inventory), ["subnet-2", "subnet-1"]);
    assert_eq!(notes, ["in/broken: skipped, a link that leads nowhere"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_where_it_was_named_and_skipped_below_a_folder() {
    let evidence = Evidence::of(&[("a.json", ONE)]);
    let pipe = evidence.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (inventory, notes) = evidence.inventory();
    assert_eq!(subnets(&inventory), ["subnet-1"]);
    assert_eq!(notes, ["pipe: skipped, not a regular file"]);

    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, TWO).unwrap()
    });
    let (facts, _) = evidence.read_paths(&[pipe]).unwrap();
    writer.join().unwrap();
    assert_eq!(subnets(&facts.inventory), ["subnet-2"]);
}

#[test]
fn passwords_stay_outside() {
    let endpoint = r#"{"Endpoints": [{"EndpointArn": "arn:aws:dms:us-east-1:1:endpoint:E",
        "Password": "hunter2", "MySQLSettings": {"Username": "dms", "Password": "hunter2"},
        "PostgreSQLSettings": {"Password": "hunter2"}}]}"#;
    let (facts, _) = Evidence::of(&[("a.json", endpoint)]).read().unwrap();
    let saved = serde_json::to_string(&facts).unwrap();
    assert!(saved.contains("dms") && !saved.contains("hunter2"));
}

#[test]
fn one_endpoint_tested_from_two_instances_is_two_connections() {
    let connection = |from: &str, status: &str| {
        format!(
            r#"{{"Connections": [{{"ReplicationInstanceArn": "arn:{from}", "EndpointArn": "arn:e",
                "Status": "{status}"}}]}}"#
        )
    };
    let evidence = Evidence::of(&[
        ("1.json", connection("one", "successful")),
        ("2.json", connection("two", "failed")),
        ("3.json", connection("one", "successful")),
    ]);
    let (inventory, _) = evidence.inventory();
    assert_eq!(inventory.connections.items.len(), 2);
    assert!(inventory.conflicts.is_empty());
}

#[test]
fn a_list_that_was_not_sent_names_the_call() {
    let (inventory, _) = Evidence::of(&[("a.json", ONE)]).inventory();
    assert_eq!(
        inventory.route_tables.gap(),
        Some(&Gap::new(
            "RouteTables",
            "not delivered",
            Unlock::IamAction("ec2:DescribeRouteTables".into())
        ))
    );
}
