package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"usher/internal/store"
)

// winners has a class open one link at the same moment.
func winners(s *scene) {
	const callers, limit = 1000, 30
	link, seats := key("link", "1"), key("seats", "1")
	s.applied("made", store.Set(link, store.Record{"left": strconv.Itoa(limit)}))
	won := make([]bool, callers)
	var refused [4]atomic.Int64
	s.each(callers, func(i int) {
		seat := key("seat", strconv.Itoa(i))
		r, err := s.Apply(s.Context(), store.Tx{
			Op: "op" + strconv.Itoa(i),
			If: []store.Cond{store.Absent(seat), store.Equal(link, "revoked", ""), store.Above(link, "left", 0)},
			Do: []store.Write{store.Add(link, "left", -1), store.Set(seat, store.Record{"n": strconv.Itoa(i)}), store.Insert(seats, strconv.Itoa(i))},
		})
		if err != nil {
			s.Error(err)
			return
		}
		won[i] = r.Refused == 0
		refused[r.Refused].Add(1)
	})
	if refused[0].Load() != limit || refused[3].Load() != callers-limit {
		s.Fatalf("%d won and %d lost for want of places, of %d, want %d winners", refused[0].Load(), refused[3].Load(), callers, limit)
	}
	records, err := s.Get(s.Context(), link)
	if err != nil || records[0]["left"] != "0" {
		s.Fatalf("the counter ends at %q, %v", records, err)
	}
	var seated []string
	for i, has := range won {
		want := store.Record(nil)
		if has {
			want = store.Record{"n": strconv.Itoa(i), "op": "op" + strconv.Itoa(i)}
			seated = append(seated, strconv.Itoa(i))
		}
		s.is(key("seat", strconv.Itoa(i)), want)
	}
	slices.Sort(seated)
	s.lists(seats, everything, seated...)
}

// concurrentAdds reads, with each add, what was there before: no two see the same.
func concurrentAdds(s *scene) {
	const callers = 200
	k := key("counter", "1")
	var seen sync.Map
	s.each(callers, func(i int) {
		r, err := s.Apply(s.Context(), store.Tx{Op: fmt.Sprint(i), Do: []store.Write{store.Add(k, "n", 1)}, Read: []store.Key{k}})
		if err != nil {
			s.Error(err)
			return
		}
		if _, twice := seen.LoadOrStore(r.Read[0].Int("n"), i); twice {
			s.Errorf("two callers saw %d", r.Read[0].Int("n"))
		}
	})
	records, err := s.Get(s.Context(), k)
	if err != nil || records[0].Int("n") != callers {
		s.Fatalf("%d adds come to %q, %v", callers, records, err)
	}
}

// each runs n callers at once and waits for them.
func (s *scene) each(n int, call func(i int)) {
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-start
			call(i)
		})
	}
	close(start)
	wait.Wait()
}

func structsRoundTrip(s *scene) {
	k := key("user", "1")
	want := sample()
	s.applied("made", store.Set(k, store.Fields(&want)))
	records, err := s.Get(s.Context(), k)
	if err != nil {
		s.Fatal(err)
	}
	var got person
	if err := records[0].Load(&got); err != nil || !reflect.DeepEqual(got, want) {
		s.Fatalf("%+v, %v, want %+v", got, err, want)
	}
	s.applied("emptied", store.Set(k, store.Fields(person{})))
	s.is(k, store.Record{"op": "emptied"})
}
