package handlers_test

import "slices"

// rows are the lines of the matrix: every operation of the contract with a request that is right in itself, so that
// the answer tells only whether this caller may.
var rows = []struct{ operation, method, path, body string }{
	{"getAccessToken", "POST", "/v1/auth/token", clientCredentials},
	{"revokeToken", "POST", "/v1/auth/revoke", `{"token":"<pupil>"}`},
	{"introspectToken", "POST", "/v1/auth/introspect", `{"token":"x","client_id":"{client}","client_secret":"{secret}"}`},
	{"logout", "POST", "/v1/auth/logout", ""},
	{"listSessions", "GET", "/v1/auth/sessions", ""},
	{"endSession", "DELETE", "/v1/auth/sessions/{sessionId}", ""},
	{"endOtherSessions", "DELETE", "/v1/auth/sessions", ""},
	{"getKeys", "GET", "/.well-known/jwks.json", ""},
	{"getMetadata", "GET", "/.well-known/oauth-authorization-server", ""},
	{"verifyRequest", "GET", "/v1/auth/verify?room={spaceId}.{roomId}", ""},

	{"forgotPassword", "POST", "/v1/auth/password/forgot", `{"email":"{anybody}","client_id":"{web}"}`},
	{"resetPassword", "POST", "/v1/auth/password/reset", `{"token":"{resetToken}","newPassword":"another horse 8 battery"}`},
	{"confirmSignUp", "POST", "/v1/auth/sign-up/confirm", `{"token":"{signUpToken}","password":"` + goodPass + `"}`},
	{"verifyEmail", "POST", "/v1/auth/email/verify", `{"token":"{verifyToken}"}`},
	{"confirmEmailChange", "POST", "/v1/auth/email/confirm", `{"token":"{changeToken}"}`},
	{"undoEmailChange", "POST", "/v1/auth/email/undo", `{"token":"{undoToken}","newPassword":"another horse 8 battery"}`},

	{"getChallenge", "GET", "/v1/captcha/challenge", ""},
	{"createUser", "POST", "/v1/users", `{"email":"new@here.test","username":"new","password":"gmi28abc+gmi28abc"}`},
	{"getMe", "GET", "/v1/users/me", ""},
	{"updateMe", "PATCH", "/v1/users/me", `{"name":"New Name"}`},
	{"deleteMe", "DELETE", "/v1/users/me", `{"password":"` + goodPass + `"}`},
	{"requestEmailChange", "POST", "/v1/users/me/email", `{"email":"{anybody}","password":"` + goodPass + `"}`},
	{"sendVerification", "POST", "/v1/users/me/email/verification", ""},
	{"changePassword", "POST", "/v1/users/me/password", `{"oldPassword":"` + goodPass + `","newPassword":"another horse 8 battery"}`},
	{"listUsers", "GET", "/v1/users", ""},
	{"getUser", "GET", "/v1/users/{userId}", ""},
	{"updateUser", "PATCH", "/v1/users/{userId}", `{"name":"New Name"}`},
	{"blockUser", "PUT", "/v1/users/{userId}/block", ""},
	{"unblockUser", "DELETE", "/v1/users/{userId}/block", ""},
	{"setWorkspaceRole", "PUT", "/v1/users/{userId}/role", `{"role":"role_workspace_support"}`},
	{"unsetWorkspaceRole", "DELETE", "/v1/users/{support}/role", ""},
	{"deleteUser", "DELETE", "/v1/users/{userId}", ""},
	{"findUser", "GET", "/v1/users/find?username=pupil", ""},

	{"listEvents", "GET", "/v1/audit", ""},

	{"getWorkspace", "GET", "/v1/workspace", ""},
	{"updateWorkspace", "PATCH", "/v1/workspace", `{"roomPage":"https://call.example.com/{room}?name={name}"}`},

	{"createApiKey", "POST", "/v1/api-keys", `{"name":"Nightly import","scopes":["users:read"]}`},
	{"listApiKeys", "GET", "/v1/api-keys", ""},
	{"revokeApiKey", "DELETE", "/v1/api-keys/{keyId}", ""},
	{"createClient", "POST", "/v1/clients", `{"name":"Portal"}`},
	{"listClients", "GET", "/v1/clients", ""},
	{"deleteClient", "DELETE", "/v1/clients/{clientId}", ""},

	{"createSpace", "POST", "/v1/spaces", `{"name":"Mine"}`},
	{"listSpaces", "GET", "/v1/spaces", ""},
	{"getSpace", "GET", "/v1/spaces/{spaceId}", ""},
	{"updateSpace", "PUT", "/v1/spaces/{spaceId}", `{"name":"Other","isPublic":true}`},
	{"deleteSpace", "DELETE", "/v1/spaces/{spaceId}", ""},
	{"listMembers", "GET", "/v1/spaces/{spaceId}/members", ""},
	{"setSpaceRole", "PUT", "/v1/spaces/{spaceId}/members/{userId}", `{"role":"role_space_moderator"}`},
	{"countIssuedInSpace", "GET", "/v1/spaces/{spaceId}/members/{userId}/issued", ""},
	{"removeMember", "DELETE", "/v1/spaces/{spaceId}/members/{userId}", ""},
	{"spaceBan", "PUT", "/v1/spaces/{spaceId}/bans/{userId}", `{}`},
	{"spaceUnban", "DELETE", "/v1/spaces/{spaceId}/bans/{banned}", ""},

	{"createInvite", "POST", "/v1/spaces/{spaceId}/invites", `{"role":"role_space_user"}`},
	{"createInvites", "POST", "/v1/spaces/{spaceId}/invites/bulk", `{"rows":[{"email":"{anybody}","role":"role_space_user"}]}`},
	{"getInviteBatch", "GET", "/v1/spaces/{spaceId}/invites/bulk/{batchId}", ""},
	{"listInvites", "GET", "/v1/spaces/{spaceId}/invites", ""},
	{"getInvite", "GET", "/v1/spaces/{spaceId}/invites/{inviteId}", ""},
	{"listInviteUses", "GET", "/v1/spaces/{spaceId}/invites/{inviteId}/ledger", ""},
	{"revokeInvite", "DELETE", "/v1/spaces/{spaceId}/invites/{inviteId}", ""},
	{"resendInvite", "POST", "/v1/spaces/{spaceId}/invites/{boundId}/resend", ""},
	{"activateInvite", "POST", "/v1/spaces/{spaceId}/invites/{inviteId}/activate", ""},

	{"createRoom", "POST", "/v1/spaces/{spaceId}/rooms", `{"name":"Chemistry"}`},
	{"listRooms", "GET", "/v1/spaces/{spaceId}/rooms", ""},
	{"getRoom", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}", ""},
	{"getRoomByAlias", "GET", "/v1/spaces/room-by-alias/{alias}", ""},
	{"updateRoom", "PUT", "/v1/spaces/{spaceId}/rooms/{roomId}", `{"name":"Biology"}`},
	{"closeRoom", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/close", ""},
	{"deleteRoom", "DELETE", "/v1/spaces/{spaceId}/rooms/{roomId}", ""},
	{"joinRoom", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/join", ""},
	{"leaveRoom", "DELETE", "/v1/spaces/{spaceId}/rooms/{roomId}/join", ""},
	{"listRoomSessions", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/sessions", ""},
	{"reportPresence", "PUT", "/v1/spaces/{spaceId}/rooms/{roomId}/sessions/{roomSessionId}", `{"connected":true}`},
	{"sendRoomMessage", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/messages", `{"text":"Page 12, please."}`},
	{"roomEvents", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/events", ""},
	{"setRoomWebhook", "PUT", "/v1/spaces/{spaceId}/rooms/{roomId}/webhook", `{"url":"https://school.example.com/usher"}`},
	{"getRoomWebhook", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/webhook", ""},
	{"removeRoomWebhook", "DELETE", "/v1/spaces/{spaceId}/rooms/{roomId}/webhook", ""},
	{"listWebhookFailures", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/webhook/failures", ""},
	{"explainAccess", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/explain?userId={userId}", ""},

	{"grantRole", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/roles", `{"targetUserId":"{userId}","role":"role_room_moderator"}`},
	{"listRoomRoles", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/roles", ""},
	{"countIssuedInRoom", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/roles/{userId}/issued", ""},
	{"revokeRole", "DELETE", "/v1/spaces/{spaceId}/rooms/{roomId}/roles/{userId}", ""},
	{"ban", "PUT", "/v1/spaces/{spaceId}/rooms/{roomId}/bans/{userId}", `{}`},
	{"unban", "DELETE", "/v1/spaces/{spaceId}/rooms/{roomId}/bans/{outlaw}", ""},
	{"listBans", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/bans", ""},
	{"kick", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/kick", `{"seatId":"{guest}"}`},

	{"generateAccess", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/generate-access", `{"username":"Ann","role":"user"}`},
	{"listAccessLinks", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/access-links", ""},
	{"getAccessLink", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/access-links/{linkId}", ""},
	{"listLinkUses", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/access-links/{linkId}/ledger", ""},
	{"updateAccessLink", "PATCH", "/v1/spaces/{spaceId}/rooms/{roomId}/access-links/{linkId}", `{"ttl":3600}`},
	{"replaceAccessLink", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/access-links/{linkId}/replace", ""},
	{"revokeAccessLink", "DELETE", "/v1/spaces/{spaceId}/rooms/{roomId}/access-links/{linkId}", ""},
	{"previewAccess", "POST", "/v1/access/preview", `{"accessToken":"{linkToken}"}`},
	{"redeemAccess", "POST", "/v1/access/redeem", `{"accessToken":"{linkToken}"}`},
	{"joinAsGuest", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/join-as-guest", `{"name":"Passer-by"}`},
	{"getSeat", "GET", "/v1/access/seat", ""},
	{"leaveSeat", "DELETE", "/v1/access/seat", ""},
	{"keepSeat", "POST", "/v1/access/seat/keep", `{"guestToken":"<guest>"}`},
}

// repeatable says that an operation leaves the scene such that the next one to ask gets the answer that he would have
// got without it.
func repeatable(method, operation string) bool {
	return method == "GET" || slices.Contains([]string{
		"getAccessToken", "introspectToken", "createSpace", "createRoom", "updateRoom", "createInvite", "createInvites", "joinRoom",
		"generateAccess", "updateAccessLink", "previewAccess", "redeemAccess", "joinAsGuest", "createApiKey", "createClient", "updateWorkspace", "updateMe", "updateUser", "leaveRoom", "reportPresence", "sendRoomMessage", "setRoomWebhook", "removeRoomWebhook",
		"forgotPassword", "requestEmailChange", "sendVerification",
	}, operation)
}
