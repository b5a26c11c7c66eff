package vuln_test
import ("os";"testing";"testing/fstest";"time"
"github.com/boltseal/boltseal/check/vuln"
"github.com/boltseal/boltseal/advisory"
"github.com/boltseal/boltseal/inventory"
"github.com/boltseal/boltseal/report"
"github.com/boltseal/boltseal/policy"
"github.com/boltseal/boltseal")
func TestZZ(t *testing.T){
 st, _ := os.ReadFile("/var/lib/dpkg/status"); osr, _ := os.ReadFile("/etc/os-release")
 res, err := inventory.Read(t.Context(), fstest.MapFS{"var/lib/dpkg/status":{Data:st},"etc/os-release":{Data:osr}}, &inventory.Options{Image:true})
 if err!=nil {t.Fatal(err)}
 res.Components = append(res.Components, boltseal.Component{PURL:"pkg:npm/lodash@4.17.15",Name:"lodash",Version:"4.17.15",Basis:"installed",Locations:[]boltseal.Location{{File:"app/node_modules/lodash/package.json"}}}, boltseal.Component{PURL:"pkg:golang/stdlib@1.20.1",Name:"stdlib",Version:"1.20.1",Basis:"embedded",Locations:[]boltseal.Location{{File:"usr/local/bin/x"}}})
 for i := range res.Components { c := &res.Components[i]; if c.Source!=nil && os.Getenv("OLD")!="" && i%5==0 { c.Version="0.1"; c.Source.Version="0.1" } }
 db, err := advisory.Open("/tmp/verdict/db/mirror.db"); if err!=nil {t.Fatal(err)}
 a := boltseal.Artifact{Kind:"image",Name:"this:machine",Platform:&boltseal.Platform{OS:"linux",Arch:"amd64"},Distro:res.Distro}
 s := time.Now()
 f, g, err := vuln.Match(t.Context(), res.Components, &vuln.Options{DB:db,Distro:res.Distro,Artifact:&a})
 t.Log(len(res.Components), time.Since(s), err)
 r := &boltseal.Report{Artifact:a,Components:res.Components,Findings:f,Gaps:append(res.Gaps,g...),Snapshot:db.Snapshot(),Time:time.Now()}
 var p *policy.Policy
 p.Judge(r, time.Now())
 fm, _ := report.Lookup("table")
 fm.Write(os.Stdout, r, &report.Options{Width:140})
}
