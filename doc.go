// Package boltseal holds the words that every other package speaks: what is
// sealed ([Artifact]), what is inside it ([Component]), what is known to be
// wrong with it ([Advisory]), what boltseal looks for ([Check]), what it found
// ([Finding]), what it could not see ([Gap]) and what follows ([Verdict]).
// One run of boltseal is one [Report]; start there.
//
// The package does no input or output and needs only the standard library.
// A Report in JSON is the file users keep, the record the server stores and
// the body its API speaks: there is no second form of any of these types.
package boltseal
