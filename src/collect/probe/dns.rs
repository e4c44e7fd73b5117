//! DNS: what the resolvers of this machine answer, one after the other as the system would ask them.

use std::net::{IpAddr, Ipv4Addr};

use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, Record, RecordType},
    },
    system_conf::read_system_conf,
};
use tidb_dms_checks::facts::{
    Gap, Look, Unlock,
    probe::{DnsAnswer, DnsOutcome},
};
use tokio::time::{Instant, timeout_at};

use super::Begun;

/// Asks for the IPv4 addresses of a host: DMS uses no others.
///
/// The machine's own `hosts` file is left out: the replication instance hasn't got it.
pub(super) async fn look(host: &str, end: Instant) -> Look<DnsOutcome> {
    let begun = Begun::now();
    // Never asked of anybody (RFC 6761), also where there is no resolver.
    if host == "localhost" {
        return begun.saw(DnsOutcome::Answer(DnsAnswer {
            addresses: vec![Ipv4Addr::LOCALHOST.into()],
            aliases: Vec::new(),
            resolver: None,
        }));
    }
    match read_system_conf() {
        Ok((config, options)) => look_with(host, &config.name_servers, &options, end).await,
        Err(error) => begun.missed(gap(host, format!("this machine names no resolver: {error}"))),
    }
}

fn gap(host: &str, reason: String) -> Gap {
    Gap::new(
        format!("the addresses of {host}"),
        reason,
        Unlock::Vantage("a place whose resolver answers".into()),
    )
}

/// Asks the servers one after the other, until one knows.
async fn look_with(
    host: &str,
    servers: &[NameServerConfig],
    options: &ResolverOpts,
    end: Instant,
) -> Look<DnsOutcome> {
    let begun = Begun::now();
    // Fully qualified, or the search list of a pod would be tried first.
    let Ok(name) = Name::from_ascii(format!("{host}.")) else {
        return begun.missed(gap(host, "not a name that DNS knows".into()));
    };
    let mut failures = Vec::new();
    for (place, server) in servers.iter().enumerate() {
        let now = Instant::now();
        let left = u32::try_from(servers.len() - place).unwrap_or(1);
        let end = now + end.saturating_duration_since(now) / left;
        match ask(&name, server, options, end).await {
            Ok(outcome) => return begun.saw(outcome),
            Err(failure) => failures.push(format!("{}: {failure}", server.ip)),
        }
    }
    begun.missed(gap(host, failures.join(", ")))
}

async fn ask(
    name: &Name,
    server: &NameServerConfig,
    system: &ResolverOpts,
    end: Instant,
) -> Result<DnsOutcome, String> {
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server.clone()]);
    let mut options = system.clone();
    options.use_hosts_file = ResolveHosts::Never;
    // The whole way to the address, CNAME by CNAME.
    options.preserve_intermediates = true;
    options.attempts = 2;
    options.timeout = end.saturating_duration_since(Instant::now()) / 3;
    let resolver = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .with_options(options)
        .build()
        .map_err(|error| error.to_string())?;
    let resolver_name = server.ip.to_string();
    match timeout_at(end, resolver.lookup(name.clone(), RecordType::A)).await {
        Err(_) | Ok(Err(NetError::Timeout)) => Err("no answer in time".into()),
        Ok(Ok(lookup)) => Ok(outcome(name, lookup.answers(), resolver_name)),
        Ok(Err(NetError::Dns(DnsError::NoRecordsFound(none)))) => match none.response_code {
            ResponseCode::NXDomain => Ok(DnsOutcome::NoSuchName { resolver: resolver_name }),
            ResponseCode::NoError => Ok(DnsOutcome::NoAddress { resolver: resolver_name }),
            code => Err(code.to_string()),
        },
        Ok(Err(error)) => Err(error.to_string()),
    }
}

fn outcome(name: &Name, records: &[Record], resolver: String) -> DnsOutcome {
    let mut addresses: Vec<IpAddr> = records
        .iter()
        .filter_map(|record| match &record.data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            _ => None,
        })
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    let mut aliases = Vec::new();
    let mut at = name;
    // Never longer than the answer: names may point at each other.
    while aliases.len() < records.len()
        && let Some(next) = records.iter().find_map(|record| match &record.data {
            RData::CNAME(next) if record.name == *at => Some(&next.0),
            _ => None,
        })
    {
        aliases.push(next.to_ascii().trim_end_matches('.').to_owned());
        at = next;
    }
    if addresses.is_empty() {
        return DnsOutcome::NoAddress { resolver };
    }
    DnsOutcome::Answer(DnsAnswer { addresses, aliases, resolver: Some(resolver) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hickory_resolver::proto::{
        op::{Message, OpCode},
        rr::rdata::{A, CNAME},
    };
    use tidb_dms_checks::facts::Fact;
    use tokio::net::UdpSocket;

    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn alias(from: &str, to: &str) -> Record {
        Record::from_rdata(name(from), 60, RData::CNAME(CNAME(name(to))))
    }

    fn address(of: &str, last: u8) -> Record {
        Record::from_rdata(name(of), 60, RData::A(A::new(10, 0, 0, last)))
    }

    #[test]
    fn addresses_come_in_order_and_aliases_along_the_way() {
        let records = [address("c.", 2), alias("b.", "c."), alias("a.", "b."), address("c.", 1)];
        let DnsOutcome::Answer(answer) = outcome(&name("a."), &records, "r".into()) else {
            panic!()
        };
        assert_eq!(answer.aliases, ["b", "c"]);
        assert_eq!(answer.addresses, [IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2])]);
    }

    /// A DNS server on loopback, and what it is called in a configuration.
    async fn server(answer: impl Fn(&mut Message) -> bool + Send + 'static) -> NameServerConfig {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut server = NameServerConfig::udp(IpAddr::from([127, 0, 0, 1]));
        server.connections[0].port = socket.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
                let question = Message::from_vec(&buffer[..length]).unwrap();
                let mut message = Message::response(question.metadata.id, OpCode::Query);
                message.queries = question.queries;
                if answer(&mut message) {
                    let bytes = message.to_vec().unwrap();
                    socket.send_to(&bytes, peer).await.unwrap();
                }
            }
        });
        server
    }

    async fn asked(servers: &[NameServerConfig], seconds: u64) -> Fact<DnsOutcome> {
        let end = Instant::now() + Duration::from_secs(seconds);
        look_with("a.example", servers, &ResolverOpts::default(), end).await.seen
    }

    fn failing(message: &mut Message) -> bool {
        message.metadata.response_code = ResponseCode::ServFail;
        true
    }

    #[tokio::test]
    async fn a_chain_of_names_is_followed() {
        let server = server(|message| {
            message.answers = vec![
                alias("a.example.", "b.example."),
                address("b.example.", 2),
                address("b.example.", 1),
            ];
            true
        })
        .await;
        let Fact::Known(DnsOutcome::Answer(answer)) = asked(&[server], 5).await else { panic!() };
        assert_eq!(answer.aliases, ["b.example"]);
        assert_eq!(answer.addresses.len(), 2);
        assert_eq!(answer.resolver.as_deref(), Some("127.0.0.1"));
    }

    #[tokio::test]
    async fn no_such_name_and_no_address_are_facts() {
        let resolver = || "127.0.0.1".to_owned();
        let no_name = server(|message| {
            message.metadata.response_code = ResponseCode::NXDomain;
            true
        })
        .await;
        assert_eq!(
            asked(&[no_name], 5).await,
            Fact::Known(DnsOutcome::NoSuchName { resolver: resolver() })
        );
        let no_address = server(|_| true).await;
        assert_eq!(
            asked(&[no_address], 5).await,
            Fact::Known(DnsOutcome::NoAddress { resolver: resolver() })
        );
    }

    #[tokio::test]
    async fn the_next_resolver_is_asked_where_one_fails_or_is_silent() {
        let good = server(|message| {
            message.answers = vec![address("a.example.", 1)];
            true
        })
        .await;
        let (failing, silent) = (server(failing).await, server(|_| false).await);
        let seen = asked(&[failing, silent, good], 4).await;
        assert!(seen.known().is_some(), "{seen:?}");
    }

    #[tokio::test]
    async fn where_nobody_knows_it_is_a_gap_and_in_time() {
        let begin = Instant::now();
        let (failing, silent) = (server(failing).await, server(|_| false).await);
        let seen = asked(&[failing, silent], 2).await;
        let reason = &seen.gap().unwrap().reason;
        assert!(
            reason.contains("Server Failure") && reason.contains("no answer in time"),
            "{reason}"
        );
        assert!(begin.elapsed() < Duration::from_millis(2100));
    }

    #[test]
    fn aliases_that_go_round_end() {
        let records = [alias("a.", "b."), alias("b.", "a.")];
        assert_eq!(
            outcome(&name("a."), &records, "r".into()),
            DnsOutcome::NoAddress { resolver: "r".into() }
        );
    }
}
