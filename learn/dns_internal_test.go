package learn

import (
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func TestAnswers(t *testing.T) {
	name := dnsmessage.MustNewName("db.example.com.")
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{Response: true},
		Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
		Answers: []dnsmessage.Resource{
			{Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET}, Body: &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("x.example.net.")}},
			{Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET}, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 7}}},
		},
	}
	data, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if got := answers(data); len(got) != 1 || got["192.0.2.7"] != "db.example.com" {
		t.Errorf("%v", got)
	}
	for i := range data { // cut off anywhere it is no worse than less
		answers(data[:i])
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0})
	f.Fuzz(func(_ *testing.T, data []byte) { answers(data) })
}
