package handlers

import (
	"errors"
	"net/http"

	"usher/auth"
	"usher/internal/captcha"
	"usher/internal/password"
	"usher/internal/store"
	"usher/invites"
	"usher/roles"
)

// What the machinery itself refuses.
var (
	errNoPath       = errors.New("handlers: no such path")
	errNoMethod     = errors.New("handlers: no such method here")
	errNoToken      = errors.New("handlers: no access token")
	errTokenInQuery = errors.New("handlers: a token in the query")
	errContentType  = errors.New("handlers: unsupported content type")
	errNoReturn     = errors.New("handlers: not an address that the sign-in page returns to")
	errNoCookies    = errors.New("handlers: a browser that keeps no cookies")
	errPanic        = errors.New("handlers: panic")
	errCrossOrigin  = errors.New("handlers: cookies for another origin")
	errLimiter      = errors.New("handlers: the store of the limits is away")
	errManyStreams  = errors.New("handlers: too many streams of one caller")
	errNoStreams    = errors.New("handlers: no stream more in this process")
	errMemberToken  = errors.New("handlers: no user's token for a link into a room")
)

// A problem is what a caller is told of an error: a status, a stable word, and a sentence for people. Statuses stand
// here and nowhere else.
type problem struct {
	is     func(error) bool
	status int
	code   string
	detail string
}

// problems holds every error that a caller is told of. The first row that applies decides; an error without a row is
// a fault of ours, of which the log learns and the caller doesn't.
var problems = []problem{
	{is(errNoPath), 404, "no_such_path", "There is nothing at this path."},
	{is(errNoMethod), 405, "no_such_method", "The path does not answer this method."},
	{is(ErrNotOffered), 404, "not_offered", "That is no business of this server, and not offered here."},
	{is(errTokenInQuery), 422, "token_in_query", "Tokens are not taken from a query. Send it in the Authorization header or the body, and consider this one seen by others."},
	{is(errNoReturn), 400, "no_return", "The sign-in page does not return to that address."},
	{is(errNoCookies), 400, "no_cookies", "A seat is one browser's, which has to keep cookies."},
	{is(errMemberToken), 404, "member_token", "The token in the link is nobody's, or not any more."},
	{is(errContentType), 415, "unsupported_content_type", "The content type of the body is not one that is taken here."},
	{as[*http.MaxBytesError], 413, "too_large", "The body is longer than 64 KiB, or than 512 KiB of many invites."},
	{as[invalid], 422, "invalid", "The request is not as the contract has it."},
	{as[*auth.FieldError], 422, "invalid", "The request is not as the contract has it."},
	{is(errManyStreams), 429, "too_many_streams", "The caller has as many streams open as he may. Close one, and try again."},
	{as[*limited], 429, "limited", "Too many attempts. Wait, and try again."},

	{is(errCrossOrigin), 403, "cross_origin", "Cookies are set for pages of the server's own origin, or of one that its operator names."},
	{is(errNoToken), 401, "no_token", "An access token is needed."},
	{is(auth.ErrSignUpClosed), 401, "no_token", "An access token is needed."},
	{is(auth.ErrKeyMistyped), 401, "key_mistyped", "That is no API key as one was handed out: it is cut off, or mistyped."},
	{is(auth.ErrInvalidToken), 401, "invalid_token", "The access token is not valid, or what it hangs on has ended."},
	{is(auth.ErrScope), 403, "scope_missing", "The API key lacks the scope that this operation needs."},
	{is(auth.ErrWrongToken), 403, "wrong_token", "A token of this kind may not do that."},
	{is(auth.ErrInvalidRequest), 400, "invalid_request", "The request lacks what its grant needs."},
	{is(auth.ErrUnsupportedGrant), 400, "unsupported_grant_type", "The grant type is not one that is known here."},
	{is(auth.ErrUnsupportedToken), 400, "unsupported_token_type", "A client's own token has no session, and cannot be revoked."},
	{is(auth.ErrInvalidClient), 401, "invalid_client", "The client is unknown, or its secret is wrong."},
	{is(auth.ErrInvalidGrant), 400, "invalid_grant", "The credentials or the refresh token are not valid."},
	{is(auth.ErrForbidden), 403, "forbidden", "The caller may not do that."},
	{is(auth.ErrNotFound), 404, "not_found", "There is no such thing, or not for the caller."},
	{is(auth.ErrWrongPassword), 403, "wrong_password", "The password is not the caller's."},
	{is(auth.ErrVerified), 409, "email_verified", "The e-mail address is verified, or there is none."},
	{is(auth.ErrProof), 410, "mail_token_over", "The token is not one that a mail brought, or was used, replaced, or has expired."},
	{is(auth.ErrUnsealed), 503, "tokens_unsealed", "Access tokens of users are kept here only under a key-encryption key, which the operator has not set."},
	{is(auth.ErrMailOff), 503, "mail_off", "No mail is sent here: the operator has not set a mail server."},
	{is(auth.ErrCaptchaMissing), 422, "captcha_required", "Who signs up has to solve a captcha, and to send what its widget gives as the captchaToken."},
	{is(captcha.ErrRefused), 403, "captcha_wrong", "The captcha was not solved, or its solution was used, or has expired. Solve another one."},
	{is(captcha.ErrUnavailable), 503, "unavailable", "The server cannot decide at the moment. Try again."},
	{is(auth.ErrCaptchaOff), 404, "captcha_off", "No challenges are handed out here: strangers do not sign up, or another service judges them."},
	{is(auth.ErrLastAdmin), 409, "last_admin", "The last administrator of a workspace stays one."},
	{is(auth.ErrClientStays), 409, "client_stays", "The public client that the workspace began with stays."},
	{is(auth.ErrHasWorkspaceRole), 409, "has_workspace_role", "The user has a role in the workspace, which must be taken away first."},
	{is(auth.ErrEmailTaken), 409, "email_taken", "Another user has this e-mail address."},
	{is(auth.ErrExternalTaken), 409, "external_id_taken", "Another user has this external id."},
	{is(auth.ErrUsernameTaken), 409, "username_taken", "Another user has this username."},

	{is(password.ErrTooShort), 422, "password_too_short", "The password is shorter than 8 characters."},
	{is(password.ErrTooLong), 422, "password_too_long", "The password is longer than 1,024 bytes."},
	{is(password.ErrTooCommon), 422, "password_too_common", "The password is one of those that are tried first."},

	{as[*roles.BannedError], 403, "banned", "The caller is banned here."},
	{as[*roles.DeniedError], 403, "entry_denied", "The caller may not enter the room; the reasons say why."},
	{as[*roles.SoleOwnerError], 409, "sole_owner", "The user is the only owner of spaces, which need another one first."},
	{is(roles.ErrForbidden), 403, "forbidden", "The caller may not do that."},
	{is(roles.ErrRank), 403, "beyond_rank", "One gives up to one's own rank, and takes or changes only below it."},
	{is(roles.ErrNotFound), 404, "not_found", "There is no such thing, or not for the caller."},
	{is(roles.ErrNotMember), 404, "not_member", "The user is no member of the space."},
	{is(roles.ErrNoRole), 404, "no_role", "The user has no role in the room."},
	{is(roles.ErrUserNotFound), 404, "user_not_found", "The workspace has no such user."},
	{is(roles.ErrNotBanned), 404, "not_banned", "There is no such ban."},
	{is(roles.ErrNotPrivate), 409, "not_private", "Only members of a private room are blocked: into others they would get as everybody does."},
	{is(roles.ErrUserBanned), 409, "user_banned", "The user is banned there; the ban must be ended first."},
	{is(roles.ErrDefaultSpace), 409, "default_space", "The default space of a workspace stays: API keys make rooms in it."},
	{is(roles.ErrLastOwner), 409, "last_owner", "The last owner of a space stays."},
	{is(roles.ErrStayOver), 410, "room_session_over", "The session in the room has ended."},
	{is(roles.ErrRoomClosed), 410, "room_closed", "The room is closed."},

	{is(invites.ErrInviteNotFound), 404, "not_found", "There is no such thing, or not for the caller."},
	{is(invites.ErrInviteUsed), 410, "invite_used", "The invite has been used by someone else."},
	{is(invites.ErrInviteExpired), 410, "invite_expired", "The invite has expired."},
	{is(invites.ErrInviteRevoked), 410, "invite_revoked", "The invite was revoked."},
	{is(invites.ErrInviteVoid), 410, "invite_void", "Who issued the invite may no longer invite."},
	{is(invites.ErrInviteNotForYou), 403, "invite_not_for_you", "The invite is for another e-mail address than the caller's."},
	{is(invites.ErrEmailUnverified), 403, "email_unverified", "The invite is for the caller's e-mail address, which must be verified first."},
	{is(invites.ErrBatchNotFound), 404, "not_found", "There is no such thing, or not for the caller."},
	{is(invites.ErrInviteUnaddressed), 409, "invite_unaddressed", "The invite is for no e-mail address that it could be sent to."},
	{as[*invites.QuotaError], 429, "mail_quota", "The mails that may be sent today, by you or to that address, are used up."},
	{as[*invites.PendingError], 409, "invite_pending", "The address has an invite that waits."},
	{is(invites.ErrLinkUnknown), 404, "link_unknown", "There is no such link."},
	{is(invites.ErrLinkUsed), 410, "link_used", "The link has been used."},
	{is(invites.ErrLinkExpired), 410, "link_expired", "The link has expired."},
	{is(invites.ErrLinkRevoked), 410, "link_revoked", "The link was revoked."},
	{is(invites.ErrLinkPaused), 403, "link_paused", "The link is paused."},
	{is(invites.ErrLinkEarly), 403, "link_not_yet_valid", "The link is not valid yet; it will be, from `until` on."},
	{is(invites.ErrPINPaused), 403, "link_pin_paused", "Too many wrong PINs were said: until then, the link lets nobody new in."},
	{is(invites.ErrPINRequired), 403, "pin_required", "The link asks for a PIN."},
	{is(invites.ErrPINWrong), 403, "pin_wrong", "The PIN is not the link's."},
	{is(invites.ErrSeatBanned), 403, "banned", "The caller is banned here."},
	{is(invites.ErrSeatOver), 410, "seat_over", "The guest's token is not valid, or what it hangs on has ended."},
	{is(invites.ErrSeatKept), 410, "seat_kept", "The role of the seat is kept by an account; its user enters by himself."},
	{is(invites.ErrAccountOff), 403, "account_not_allowed", "The link does not let its guests keep the role with an account."},
	{is(invites.ErrIssuer), 403, "issuer_may_not", "Who issued the link may not give that, or not any more."},

	{is(password.ErrBusy), 503, "busy", "Too many passwords are being checked. Try again in a moment."},
	{is(errNoStreams), 503, "unavailable", "The server cannot decide at the moment. Try again."},
	{is(errLimiter), 503, "unavailable", "The server cannot decide at the moment. Try again."},
	{is(auth.ErrContended), 503, "unavailable", "The server cannot decide at the moment. Try again."},
	{is(store.ErrUnavailable), 503, "unavailable", "The server cannot decide at the moment. Try again."},
}

// fault is what is told of everything else.
var fault = problem{status: 500, code: "internal", detail: "Something went wrong here. The log has it under the request's id."}

// faults are the errors that no caller is told of, because no request causes them: only a command line, or a mistake of
// ours, does.
var faults = []error{auth.ErrNoWorkspace, auth.ErrKeyGone, auth.ErrOvertaken, store.ErrPartition, store.ErrKey, store.ErrOp, store.ErrQuestions, store.ErrLocked}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func problemOf(err error) problem {
	for _, p := range problems {
		if p.is(err) {
			return p
		}
	}
	return fault
}
