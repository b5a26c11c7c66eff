package compose

import (
	"slices"
	"strconv"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/ruleset"
	"github.com/boltseal/boltseal/syntax/manifest"
)

// stores are the images of data stores and of what else trusts its network,
// with the port that they listen on.
var stores = map[string]string{
	"postgres": "5432", "postgis": "5432", "timescaledb": "5432", "mysql": "3306", "mariadb": "3306", "percona": "3306", "mongo": "27017", "redis": "6379",
	"valkey": "6379", "keydb": "6379", "memcached": "11211", "elasticsearch": "9200", "opensearch": "9200", "cassandra": "9042", "couchdb": "5984",
	"influxdb": "8086", "rabbitmq": "5672", "etcd": "2379", "zookeeper": "2181", "kafka": "9092", "neo4j": "7687", "clickhouse-server": "8123",
	"consul": "8500", "cockroach": "26257", "mssql": "1433", "server": "1433", "nats": "4222", "solr": "8983",
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/database-published", Title: "a data store is open to the network", Severity: boltseal.High,
		Controls: []string{"CIS-DI-5.14"},
		Doc: `A published port listens on every address of the machine, and Docker's rules come before the firewall's (ufw does not see them): the database is open to
whoever reaches the host. Other services reach it by its name without any published port; for a look from the host bind it to 127.0.0.1.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			value, _ := expand(s.Get("image").Str())
			want := stores[parseImage(value).base()]
			for port := range s.Ports() {
				if target, _, _ := strings.Cut(port.target, "-"); port.open() && (want != "" && target == want || wellKnownStore(target) && want == "" && value == "") {
					p.Report(s, port.node, "port "+target+" listens on every address", p.bindLocal(port)...)
				}
			}
		}
	},
})

// wellKnownStore tells whether a port is a data store's, for services that
// are built here.
func wellKnownStore(target string) bool {
	return slices.Contains([]string{"5432", "3306", "27017", "6379", "9200", "11211"}, target)
}

// bindLocal is the fix that binds a port to the machine itself.
func (p *Pass) bindLocal(port port) []boltseal.Fix {
	const title = "listen on 127.0.0.1 alone"
	if port.node.Kind == manifest.Mapping {
		return ruleset.Fix(title, false)(p.File.Set(port.node, "127.0.0.1", "host_ip"))
	}
	text := port.node.Str()
	if strings.Contains(text, "${") || port.published == "" {
		return nil
	}
	for _, open := range []string{"0.0.0.0:", "[::]:"} {
		text = strings.TrimPrefix(text, open)
	}
	return p.Replace(title, false, port.node, "127.0.0.1:"+text)
}

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/ssh-port", Title: "an SSH server is published", Severity: boltseal.Medium,
		Controls: []string{"CIS-DI-5.7"},
		Doc: `A shell service in a container means keys, users and logins beside the ones of the host, which nobody rotates or reads the logs of. docker compose exec
gives a shell without it. A service that is an SSH server by purpose, such as a Git forge, may have this finding accepted.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			for port := range s.Ports() {
				if port.target == "22" && !port.loopback() {
					p.Report(s, port.node, "port 22 is published")
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/privileged-port", Title: "a port below 1024 is mapped", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-5.8"},
		Doc: `Ports below 1024 are those that other machines trust: mail, name service, SSH. Web servers on 80 and 443 are what everybody expects and are not
reported; for the rest use a port above, and let a proxy in front hold the low one.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			for port := range s.Ports() {
				n, err := strconv.Atoi(strings.Split(port.published, "-")[0])
				if err == nil && n > 0 && n < 1024 && n != 80 && n != 443 && n != 22 && !port.loopback() {
					p.Report(s, port.node, "port "+port.published+" of the host is mapped")
				}
			}
		}
	},
})

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "compose/links", Title: "links are a leftover", Severity: boltseal.Low,
		Doc: `Services of one file reach each other by name on their network; links add nothing but the environment variables of the linked container, secrets
included, to this one. external_links even reach containers of other projects. Take them away and use networks.`,
	},
	Run: func(p *Pass) {
		for _, s := range p.Services {
			for _, field := range []string{"links", "external_links"} {
				if n := s.Own(field); !n.IsNull() {
					p.Report(s, n, field+" hand over the environment of the other container")
				}
			}
		}
	},
})
