package handlers

import "maps"

// operations ties the contract's operations to their handlers. New fails where one is missing.
func (a *api) operations() map[string]handler {
	whole := map[string]handler{}
	for _, part := range []map[string]handler{
		a.tokenOperations(), a.trustOperations(), a.auditOperations(), a.userOperations(), a.keyOperations(), a.recoveryOperations(), a.spaceOperations(), a.roomOperations(),
		a.roleOperations(), a.inviteOperations(), a.linkOperations(), a.ledgerOperations(), a.presenceOperations(), a.messageOperations(), a.webhookOperations(),
	} {
		maps.Copy(whole, part)
	}
	return whole
}

// all turns a page of the domain into the items of a list.
func all[D, W any](items []D, describe func(D) W) []W {
	out := make([]W, len(items))
	for i, item := range items {
		out[i] = describe(item)
	}
	return out
}
