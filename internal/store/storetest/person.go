package storetest

import "time"

type role string

type stamps struct {
	Created time.Time `store:"created"`
	Seen    time.Time `store:"seen"`
}

// A person has a field of every type that a record can hold.
type person struct {
	stamps
	Name    string `store:"name"`
	Role    role   `store:"role"`
	Logins  int    `store:"logins"`
	Debt    int64  `store:"debt"`
	Blocked bool   `store:"blocked"`
}

// sample has no zero value, which would come back even if it had been dropped.
func sample() person {
	return person{
		stamps:  stamps{time.UnixMilli(1_700_000_000_123).UTC(), time.UnixMilli(-1).UTC()},
		Name:    "Ann \x00 é",
		Role:    "role_room_owner",
		Logins:  7,
		Debt:    -1 << 40,
		Blocked: true,
	}
}
