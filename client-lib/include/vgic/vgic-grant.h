/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_GRANT_H
#define VGIC_GRANT_H

/**
 * libvgic: grants, a part of <vgic/vgic.h>, whose head explains the words used here
 *
 * A VMM grants SPIs to device processes, which attach by vgic_device_attach() with the token.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct vgic_vm;

#define VGIC_GRANT_MAX_UIDS   16u     /* users of a grant beside the VM's own */

/**
 * vgic_grant() - allow a device process to drive some SPIs
 * @label:  names the grant in tools and for revocation
 * @intids, @n: SPIs and extended SPIs; each can be granted to four devices at most
 * @ret_token: VGIC_TOKEN_MAX + 1 bytes; hand it to the device process, which attaches with it
 *
 * The token is good for processes of the VM's user and root (others: vgic_grant_to()), one at a
 * time, as often as one likes, until vgic_revoke() or the end of the VM.
 *
 * Return: 0; -EINVAL no label, no INTID, or one that is no SPI of the VM or is named twice; -EEXIST
 *         a grant of this VM has the label: revoke it, or another label; -EBUSY one of them is
 *         granted to four devices: revoke one of these; -ENOSPC the VM has as many grants as one
 *         can have; -EACCES not VMM; -ENODATA not initialised; -EOPNOTSUPP a mirror. Threads: conn.
 * Retry:  returns the token of the grant that the first made (if another VMM process revoked that
 *         since, a token that is good for nothing). With other @intids, or in another order,
 *         -EEXIST, once it was made.
 */
int vgic_grant(struct vgic_vm *vm, const char *label, const uint32_t *intids, size_t n,
               char *ret_token);

/**
 * vgic_grant_to() - the same, good for devices of other users, too
 * @uids: @n_uids numbers of users, beside the VM's own and root
 *
 * So that a device can run in a sandbox under a user of its own, which may not attach as VMM. Such
 * a device names the VM as any other: by its name, or UID/NAME.
 *
 * Return: as vgic_grant(); -EINVAL more than VGIC_GRANT_MAX_UIDS users; -EOPNOTSUPP an older vgicd.
 * Threads: conn. Retry: as vgic_grant().
 */
int vgic_grant_to(struct vgic_vm *vm, const char *label, const uint32_t *intids, size_t n,
                  const uint32_t *uids, size_t n_uids, char *ret_token);

/**
 * vgic_revoke() - take a grant back: its wires go low, its device gets VGIC_EVENT_REVOKED
 *
 * The device stays attached, and drives nothing. For a new grant, by the same label too, it
 * detaches and attaches with the new token.
 *
 * Return: 0; -ENOENT the VM has no grant of this label: revoked before; -EINVAL no label; -EACCES
 *         not VMM; -ENODATA not initialised. Threads: conn.
 * Retry:  0, also if the first revoked it. A grant that another VMM process made by this label
 *         since is revoked.
 */
int vgic_revoke(struct vgic_vm *vm, const char *label);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
