//! What files may be: sessions, broken, in other encodings, links, pipes, folders without evidence.

use std::{fs, process::Command};

use tidb_dms::collect::evidence;
use tidb_dms_checks::facts::{Facts, Index, inventory::Extent};

use super::{Evidence, ONE, TWO, subnets};

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
