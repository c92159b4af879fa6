package invites

import (
	"context"

	"usher/auth"
	"usher/internal/store"
	"usher/roles"
)

// A Lineage is what is shown of the issuer of something.
type Lineage struct {
	IssuerName string     // empty of a deleted user
	Loss       roles.Loss // why it is void, where it is
}

// A descent is what the store has of an issuer: the epoch is nil where he fell, and then the loss says why.
type descent struct{ epoch, issuer, loss store.Record }

// of is what is shown with something in a state.
func (f descent) of(state State) (Lineage, error) {
	l := Lineage{IssuerName: auth.ShownNameIn(f.issuer)}
	if state != Void {
		return l, nil
	}
	return l, f.loss.Load(&l.Loss)
}

// described reads what was issued in a place, each with its issuer; what is not there is left out. It takes one trip
// more where an issuer fell.
func described[T any](ctx context.Context, d *Desk, place string, ids []string, key func(string) store.Key,
	describe func(id string, rec store.Record, from descent) (T, error),
) ([]T, error) {
	keys := make([]store.Key, len(ids))
	for i, id := range ids {
		keys[i] = key(id)
	}
	recs, err := d.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	issuers, err := d.descents(ctx, place, recs)
	if err != nil {
		return nil, err
	}
	found := []T{}
	for i, rec := range recs {
		if rec == nil {
			continue
		}
		one, err := describe(ids[i], rec, issuers[i])
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

// descents reads the issuers of records.
func (d *Desk) descents(ctx context.Context, place string, recs []store.Record) ([]descent, error) {
	keys := make([]store.Key, 0, 2*len(recs))
	for _, rec := range recs {
		keys = append(keys, auth.EpochKey(place, rec["epoch"]), auth.UserKey(rec["issuer"]))
	}
	read, err := d.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	issuers := make([]descent, len(recs))
	var fallen []int
	keys = keys[:0]
	for i, rec := range recs {
		if issuers[i] = (descent{epoch: read[2*i], issuer: read[2*i+1]}); rec != nil && read[2*i] == nil {
			fallen = append(fallen, i)
			keys = append(keys, roles.LossKey(place, rec["epoch"]))
		}
	}
	if len(keys) == 0 {
		return issuers, nil
	}
	losses, err := d.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	for n, i := range fallen {
		issuers[i].loss = losses[n]
	}
	return issuers, nil
}
