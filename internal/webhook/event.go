package webhook

import (
	"encoding/json"
	"time"
)

// What happens in a room.
const (
	SessionJoined = "sessionJoined"
	SessionLeft   = "sessionLeft"
)

// An Event is what a receiver gets to read.
type Event struct {
	Action  string  `json:"action"`
	Payload Payload `json:"payload"`
}

// A Payload says who came or went, and how many are there now.
type Payload struct {
	Room      string `json:"roomId"`
	User      string `json:"userId,omitempty"` // by the integrator's own id, where he has one
	Member    string `json:"memberId"`
	Session   string `json:"sessionId"`
	Sessions  int    `json:"sessionsCount"`
	Members   int    `json:"membersCount"`
	Timestamp Time   `json:"timestamp"`
}

// A Time is an instant as JavaScript writes it.
type Time struct{ time.Time }

// MarshalJSON writes it in UTC, with milliseconds.
func (t Time) MarshalJSON() ([]byte, error) {
	return json.Marshal(t.UTC().Format("2006-01-02T15:04:05.000Z"))
}
