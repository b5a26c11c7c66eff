package boltseal

import "time"

// Usage says whether a component takes part in what runs.
type Usage string

// The usages. Empty is not known.
const (
	UsageSeen   Usage = "seen"   // its files were executed, mapped or opened in a running container
	UsageUnseen Usage = "unseen" // none was, for as long as was watched
)

// ImageUse is what was seen of an image's files while containers of it ran.
type ImageUse struct {
	Image      string    `json:"image,omitempty"`
	Digest     Digest    `json:"digest"` // of the image's manifest or configuration, as the container's engine names it
	Containers int       `json:"containers"`
	From       time.Time `json:"from"`
	Until      time.Time `json:"until"`
	Files      []string  `json:"files"` // that were executed, mapped or opened; sorted
}

// enoughUse is how long an image must have been watched before it means
// something that a file was not opened.
const enoughUse = 10 * time.Minute

// Of tells whether the use is that of an artifact.
func (u *ImageUse) Of(a *Artifact) bool {
	return u.Digest != "" && (u.Digest == a.Digest || u.Digest == a.ImageID || u.Digest == a.Parent)
}

// Long tells whether the image was watched for long enough that what was not
// seen is worth a word.
func (u *ImageUse) Long() bool { return u.Until.Sub(u.From) >= enoughUse }
