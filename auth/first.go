package auth

import (
	"context"
	"time"

	"usher/internal/store"
)

// firstMarker elects, among the servers of a fleet that start together, the one that makes the first workspace: it
// names the owner of the election, and the end of its lease.
var firstMarker = store.Key{Partition: "first", Kind: "marker", ID: "workspace"}

const (
	lease = 30 * time.Second       // in which the owner has to be ready, and after which another one may try
	poll  = 100 * time.Millisecond // how often the others look
)

// First makes the first workspace of an installation, once for a whole fleet, or waits until another server has made
// it: false, and Credentials that name no more than the workspace, where it was not made here. It returns the errors
// of CreateWorkspace, and that of ctx.
func (a *Authority) First(ctx context.Context, in NewWorkspace) (c Credentials, made bool, err error) {
	in.First = true
	look := time.NewTicker(poll)
	defer look.Stop()
	for elected := false; ; {
		there, err := a.firstWorkspace(ctx)
		if err != nil || there != "" {
			return Credentials{Workspace: there}, false, err
		}
		if elected { // and looked since: whoever was elected before has not made it
			c, err := a.makeFirst(ctx, in)
			return c, err == nil, err
		}
		if elected, err = a.elect(ctx); err != nil {
			return Credentials{}, false, err
		}
		if elected {
			continue
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return Credentials{}, false, ctx.Err()
		}
	}
}

// firstWorkspace is the workspace that the first public client belongs to: "" where there is none yet.
func (a *Authority) firstWorkspace(ctx context.Context) (string, error) {
	clients, err := a.Store.Get(ctx, ClientKey(publicClient))
	if err != nil || clients[0] == nil {
		return "", err
	}
	homes, err := a.Store.Get(ctx, WorkspaceKey(clients[0]["workspace"]))
	if err != nil {
		return "", err
	}
	return homes[0]["id"], nil
}

// elect makes this server the owner of the marker, if it has none or the owner's lease ran out.
func (a *Authority) elect(ctx context.Context) (bool, error) {
	recs, err := a.Store.Get(ctx, firstMarker)
	if err != nil {
		return false, err
	}
	now, vacant := a.Now(), store.Absent(firstMarker)
	if owner := recs[0]["owner"]; owner != "" {
		if recs[0].Int("until") > now.UnixMilli() {
			return false, nil
		}
		vacant = store.Equal(firstMarker, "owner", owner)
	}
	res, err := a.Apply(ctx, store.Tx{If: []store.Cond{vacant}, Do: []store.Write{
		store.Set(firstMarker, store.Record{"owner": a.NewID(), "until": store.Millis(now.Add(lease))}),
	}})
	return err == nil && res.Refused == 0, err
}

// makeFirst makes the workspace within the lease. Where that fails the marker is given up, so that whoever waits need
// not wait for the end of the lease.
func (a *Authority) makeFirst(ctx context.Context, in NewWorkspace) (Credentials, error) {
	within, cancel := context.WithTimeout(ctx, lease/2)
	defer cancel()
	c, err := a.CreateWorkspace(within, in)
	if err == nil {
		return c, nil
	}
	giveUp := store.Tx{Do: []store.Write{store.Delete(firstMarker)}}
	if _, giveUpErr := a.Apply(context.WithoutCancel(ctx), giveUp); giveUpErr != nil {
		a.log.WarnContext(ctx, "the first workspace can be made again when the lease has run out", "error", giveUpErr)
	}
	return Credentials{}, err
}
