package roles

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usher/auth"
	"usher/internal/store"
)

// A Message is a text to everybody who is in a room. The messages of a room are numbered in the order in which they
// were sent, from 1 on without a gap.
type Message struct {
	Number int64
	Text   string
	Name   string // of who sent it; empty of a program
	At     time.Time
}

const (
	// longestMessage is how many characters a message may have.
	longestMessage = 4096
	// saidKept and mostSaid bound what a room keeps for those who lost their connection for a moment.
	saidKept = 2 * time.Minute
	mostSaid = 100
)

// saidIn lists the messages that a room keeps, in their order.
func saidIn(room string) store.Key { return index("r:"+room, "said") }

func messageKey(room, id string) store.Key {
	return store.Key{Partition: "r:" + room, Kind: "message", ID: id}
}

// saidAs is the entry of saidIn for a message, and its id: byte order is that of the numbers.
func saidAs(number int64) string { return fmt.Sprintf("%015d", max(number, 0)) }

// SendMessage sends a text to everybody who is in a room: whoever moderates it may. It is an auth.FieldError for a text
// that is none, and ErrRoomClosed where nobody can be there any more.
func (s *Spaces) SendMessage(ctx context.Context, who auth.Identity, space, room, text string) (Message, error) {
	if err := checkMessage(text); err != nil {
		return Message{}, err
	}
	var sent Message
	err := auth.Settle(func() error {
		st, recs, err := s.InRoom(ctx, who, space, room, censusKey(room))
		if err != nil {
			return err
		}
		if err := st.May(Speak); err != nil {
			return err
		}
		if !st.Room.Closed.IsZero() {
			return ErrRoomClosed
		}
		sent = Message{Number: recs[0].Int("said") + 1, Text: text, Name: st.Name, At: st.Now}
		return s.say(ctx, st, sent)
	})
	if err == nil {
		s.ears.tell(room, sent.Number)
	}
	return sent, err
}

// say writes the next message of a room. Its own record is what the echo of a lost reply is known by.
func (s *Spaces) say(ctx context.Context, st Standing, m Message) error {
	room := st.Room.ID
	id, count := saidAs(m.Number), censusKey(room)
	key := messageKey(room, id)
	before := strconv.FormatInt(m.Number-1, 10)
	if m.Number == 1 {
		before = ""
	}
	return s.auth.Change(ctx, store.Tx{
		If: append(st.InOffice(), store.Equal(auth.RoomKey(room), "closed", ""), store.Equal(count, "said", before), store.Absent(key)),
		Do: []store.Write{
			store.Set(key, store.Record{"text": m.Text, "name": m.Name, "at": store.Millis(m.At)}), store.Collect(key, m.At.Add(saidKept)),
			store.Set(count, store.Record{"said": strconv.FormatInt(m.Number, 10)}),
			store.Insert(saidIn(room), id), store.Trim(saidIn(room), saidAs(m.Number-mostSaid+1)),
		},
	})
}

// checkMessage takes a text as it is, as long as there is something to see in it and no control character but those of
// lines: programs send each other more than people do.
func checkMessage(text string) error {
	control := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) }
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > longestMessage || strings.TrimSpace(text) == "" || strings.ContainsFunc(text, control) {
		return &auth.FieldError{Field: "text", Reason: "not 1 to 4,096 characters of text"}
	}
	return nil
}

// heardBy reads the messages behind a number, the first ones first. What is older than it is kept for is left out.
func (s *Spaces) heardBy(ctx context.Context, room string, last int64, now time.Time) ([]Message, error) {
	ids, err := s.auth.Store.List(ctx, saidIn(room), store.Page{After: saidAs(last), Limit: mostSaid})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	keys := make([]store.Key, len(ids))
	for i, id := range ids {
		keys[i] = messageKey(room, id)
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	var heard []Message
	for i, rec := range recs {
		number, _ := strconv.ParseInt(ids[i], 10, 64)
		m := Message{Number: number, Text: rec["text"], Name: rec["name"], At: rec.Time("at")}
		if rec != nil && now.Before(m.At.Add(saidKept)) {
			heard = append(heard, m)
		}
	}
	return heard, err
}
