//! EC2 and IAM answer in XML, which the AWS CLI prints as JSON. So does this: what the inventory reads
//! is then one form for all services, and an element that nobody has reviewed is in it.

use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
};
use serde_json::{Map, Value};

use super::names::{self, Kind};

/// Why an answer can't be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum XmlError {
    /// It isn't XML.
    #[error("not XML: {0}")]
    Broken(#[from] quick_xml::Error),
    /// Its letters aren't UTF-8.
    #[error("not UTF-8")]
    Encoding(#[from] quick_xml::encoding::EncodingError),
    /// `&name;`, which only a document type could explain.
    #[error("an entity that isn't XML's own")]
    Entity,
    /// It ends in mid-element, or has no element at all.
    #[error("it has no end")]
    Cut,
}

/// An element that is being read.
struct Element {
    name: String,
    text: String,
    children: Vec<(String, Value)>,
}

/// The JSON of an answer: the members of its outermost element.
pub(super) fn json(body: &[u8]) -> Result<Value, XmlError> {
    let mut reader = Reader::from_reader(body);
    let mut open: Vec<Element> = Vec::new();
    loop {
        match reader.read_event()? {
            Event::Start(start) => open.push(begin(&start)),
            Event::Empty(start) => {
                let element = begin(&start);
                match open.last_mut() {
                    Some(parent) => close(element, parent),
                    None => return Ok(Value::Object(Map::new())),
                }
            }
            Event::End(_) => {
                let element = open.pop().ok_or(XmlError::Cut)?;
                match open.last_mut() {
                    Some(parent) => close(element, parent),
                    None => return Ok(Value::Object(members(element.children))),
                }
            }
            Event::Text(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text.decode()?);
                }
            }
            Event::CData(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text.decode()?);
                }
            }
            Event::GeneralRef(entity) => {
                if let Some(element) = open.last_mut() {
                    push_entity(&mut element.text, &entity)?;
                }
            }
            Event::Eof => return Err(XmlError::Cut),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn begin(start: &BytesStart<'_>) -> Element {
    let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
    Element { name, text: String::new(), children: Vec::new() }
}

fn push_entity(text: &mut String, entity: &BytesRef<'_>) -> Result<(), XmlError> {
    if let Some(letter) = entity.resolve_char_ref()? {
        text.push(letter);
        return Ok(());
    }
    text.push_str(resolve_predefined_entity(&entity.decode()?).ok_or(XmlError::Entity)?);
    Ok(())
}

/// Gives an element to its parent. One that says nothing is as good as not there, but for lists: an
/// empty list of rules lets nothing through, and one that isn't there wasn't seen.
fn close(element: Element, parent: &mut Element) {
    if element.name == names::CUT {
        return;
    }
    let (_, kind) = names::of(&element.name);
    let is_list = !element.children.is_empty() && element.children.iter().all(is_item);
    let value = if is_list || (kind == Kind::List && element.children.is_empty()) {
        Value::Array(element.children.into_iter().map(|(_, value)| value).collect())
    } else if !element.children.is_empty() {
        Value::Object(members(element.children))
    } else if !element.text.trim().is_empty() {
        scalar(element.text, kind)
    } else if is_item_name(&element.name) {
        Value::Object(Map::new())
    } else {
        return;
    };
    parent.children.push((element.name, value));
}

/// Items are `item` in EC2's XML and `member` in IAM's.
fn is_item_name(name: &str) -> bool {
    name == "item" || name == "member"
}

fn is_item(child: &(String, Value)) -> bool {
    is_item_name(&child.0)
}

fn members(children: Vec<(String, Value)>) -> Map<String, Value> {
    children.into_iter().map(|(element, value)| (names::of(&element).0, value)).collect()
}

/// A value in its type; what isn't of that type stays text, which its reader will refuse.
fn scalar(text: String, kind: Kind) -> Value {
    let typed = match kind {
        Kind::Flag => text.trim().parse().ok().map(Value::Bool),
        Kind::Number => text.trim().parse::<i64>().ok().map(Value::from),
        Kind::Other | Kind::List => None,
    };
    typed.unwrap_or(Value::String(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_reads_as_the_aws_cli_prints_it() {
        let answer = r#"<?xml version="1.0" encoding="UTF-8"?>
            <DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
              <requestId>1</requestId>
              <routeTableSet>
                <item>
                  <routeTableId>rtb-1</routeTableId>
                  <vpcId>vpc-1</vpcId>
                  <routeSet>
                    <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId></item>
                    <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><quantumTunnelId>qt-1</quantumTunnelId></item>
                  </routeSet>
                  <associationSet><item><main>true</main></item></associationSet>
                  <propagatingVgwSet/>
                  <tagSet><item><key>Name</key><value>ours</value></item></tagSet>
                </item>
              </routeTableSet>
              <nextToken>a&amp;b&#x43;</nextToken>
            </DescribeRouteTablesResponse>"#;
        assert_eq!(
            json(answer.as_bytes()).unwrap(),
            json!({"RequestId": "1", "NextToken": "a&bC", "RouteTables": [
                {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"Main": true}],
                 "Routes": [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"},
                            {"DestinationCidrBlock": "0.0.0.0/0", "QuantumTunnelId": "qt-1"}]}]})
        );
    }

    #[test]
    fn an_empty_list_is_not_an_absent_one() {
        let group = |rules: &str| {
            let answer = format!(
                "<R><securityGroupInfo><item><groupId>sg-1</groupId>{rules}</item></securityGroupInfo></R>"
            );
            json(answer.as_bytes()).unwrap()["SecurityGroups"][0]["IpPermissionsEgress"].clone()
        };
        assert_eq!(group("<ipPermissionsEgress/>"), json!([]));
        assert_eq!(group("<ipPermissionsEgress>\n  </ipPermissionsEgress>"), json!([]));
        assert_eq!(group(""), json!(null));
        assert_eq!(json(b"<R><vpcSet/></R>").unwrap(), json!({"Vpcs": []}));
    }

    #[test]
    fn numbers_and_flags_are_typed_and_what_is_neither_stays_text() {
        let answer = "<R><a><ruleNumber>100</ruleNumber><egress>false</egress><protocol>6</protocol></a>\
                      <b><ruleNumber>many</ruleNumber><egress>maybe</egress></b><status><code>active</code></status></R>";
        assert_eq!(
            json(answer.as_bytes()).unwrap(),
            json!({"A": {"RuleNumber": 100, "Egress": false, "Protocol": "6"},
                   "B": {"RuleNumber": "many", "Egress": "maybe"}, "Status": {"Code": "active"}})
        );
    }

    #[test]
    fn iam_calls_its_items_members() {
        let answer = "<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult><AttachedPolicies>\
            <member><PolicyName>a</PolicyName></member></AttachedPolicies></ListAttachedRolePoliciesResult>\
            </ListAttachedRolePoliciesResponse>";
        assert_eq!(
            json(answer.as_bytes()).unwrap(),
            json!({"ListAttachedRolePoliciesResult": {"AttachedPolicies": [{"PolicyName": "a"}]}})
        );
    }

    #[test]
    fn what_is_cut_short_or_no_xml_is_an_error() {
        for broken in ["", "plain", "<a><b>", "<a><b></a>", "<a>&unknown;</a>"] {
            assert!(json(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
