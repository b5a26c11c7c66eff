package image

import (
	"fmt"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "image/old", Title: "image was built long ago", Severity: boltseal.Low,
		Controls: []string{"CIS-DI-4.4"},
		Doc: `What is mended in packages reaches an image only when it is built again. An image of this age misses months of fixes, also of flaws that no
advisory names. Build it again on a fresh base, and on a schedule. Builders that set the date to a fixed one (SOURCE_DATE_EPOCH) are not judged.`,
	},
	Moving: true,
	Run: func(p *Pass) {
		created, err := time.Parse(time.RFC3339Nano, p.Config.Created)
		if err != nil || created.Year() <= 1980 || p.Options.Now.IsZero() {
			return
		}
		if days := int(p.Options.Now.Sub(created).Hours() / 24); days > 180 {
			p.Report(fmt.Sprintf("built on %s, %d days ago", created.Format(time.DateOnly), days), "")
		}
	},
})
