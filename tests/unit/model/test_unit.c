/* Cgroup paths as systemd and the container runtimes write them, and paths nobody should write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sockeye/model/unit.h"
#include <string.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void of_users(void **state)
{
	static const struct {
		const char *path;
		uint32_t uid; /* 0: the system's */
	} cases[] = {
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/syncthing.service", 1000},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/a.socket", 1000},
		{"/user.slice/user-1000.slice/user@1000.service/init.scope", 0},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-x-12.scope", 0},
		{"/user.slice/user-1000.slice/session-4.scope", 0},
		{"/user.slice/user-1000.slice/x.service", 0}, /* the system's: run as that user */
		{"/system.slice/nginx.service", 0},
		{"/user.slice/user-1000.slice/user@1000.service/docker/" HEX "/a.service", 0},
		{"/user.slice/user@99999999999999999999.service/a.service", 0},
		{"/user.slice/user@12x.service/a.service", 0},
		{"/user.slice/user@.service/a.service", 0},
		{"", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t uid = 7;

		assert_int_equal(unit_of_user(cases[i].path, &uid), cases[i].uid != 0);
		assert_int_equal(uid, cases[i].uid ? cases[i].uid : 7);
	}
}

static void paths(void **state)
{
	static const struct {
		const char *path, *name;
	} cases[] = {
		{"", ""},
		{"/", ""},
		{"/system.slice", ""},
		{"/init.scope", "init.scope"},
		{"/system.slice/nginx.service", "nginx.service"},
		{"/system.slice/system-postfix.slice/postfix@-.service", "postfix@-.service"},
		{"/system.slice/systemd-udevd.service/udev", "systemd-udevd.service"},
		{"/system.slice/dev-disk-by\\x2duuid.service", "dev-disk-by\\x2duuid.service"},
		{"/system.slice/rpcbind.socket", "rpcbind.socket"},
		{"/../../system.slice/ssh.service", "ssh.service"},
		{"/user.slice/user-1000.slice/session-4.scope", "user-1000.slice"},
		{"/user.slice/user-1000.slice/user@1000.service/init.scope", "user-1000.slice"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-x-12.scope",
		 "user-1000.slice"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/syncthing.service",
		 "syncthing.service"},
		{"/user.slice/user-1000.slice", "user-1000.slice"},
		{"/system.slice/docker-" HEX ".scope", "docker:0123456789ab"},
		{"/system.slice/docker.service", "docker.service"},
		{"/system.slice/docker-short.scope", "docker-short.scope"},
		{"/docker/" HEX, "docker:0123456789ab"},
		{"/docker/" HEX "/system.slice/nginx.service", "docker:0123456789ab"},
		{"/docker/buildkit", ""},
		{"/machine.slice/libpod-" HEX ".scope", "podman:0123456789ab"},
		{"/machine.slice/libpod-" HEX ".scope/container", "podman:0123456789ab"},
		{"/machine.slice/libpod-conmon-" HEX ".scope", "libpod-conmon-" HEX ".scope"},
		{"/libpod_parent/libpod-" HEX, "podman:0123456789ab"},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" HEX ".scope",
		 "podman:0123456789ab"},
		{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1a.slice/cri-containerd-" HEX
		 ".scope",
		 "containerd:0123456789ab"},
		{"/kubepods.slice/kubepods-pod1a.slice/crio-" HEX ".scope", "crio:0123456789ab"},
		{"/kubepods/besteffort/pod0b1c-22/" HEX, "kube:0123456789ab"},
		{"/kubepods/burstable/pod0b1c-22/crio-" HEX, "crio:0123456789ab"},
		{"/lxc.payload.web", "lxc:web"},
		{"/lxc.payload.web/system.slice/nginx.service", "lxc:web"},
		{"/lxc.monitor.web", "lxc:web"},
		{"/lxc/web/init.scope", "lxc:web"},
		{"/lxc.payload.web/docker/" HEX, "docker:0123456789ab"},
		{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator", "machine:qemu-1-vm"},
		{"/machine.slice/machine-deb.scope/payload/system.slice/a.service", "machine:deb"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/snap.firefox.firefox-1.scope",
		 "snap:firefox"},
		{"/system.slice/snap.lxd.daemon.service", "snap.lxd.daemon.service"},
		{"/machine.slice/systemd-nspawn@web.service/payload/system.slice/a.service", "machine:web"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/"
		 "app-flatpak-org.mozilla.firefox-12345.scope",
		 "flatpak:org.mozilla.firefox"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-x.scope", "flatpak:x"},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_" HEX
		 ".slice/libpod-" HEX ".scope/container",
		 "podman:0123456789ab"},
		{"/custom-parent/libpod-" HEX, "podman:0123456789ab"},
		{"/system.slice/nerdctl-" HEX ".scope", "containerd:0123456789ab"},
		{"/default/" HEX, "containerd:0123456789ab"},
		{"/k8s.io/" HEX, "containerd:0123456789ab"},
		{"/system.slice/containerd.service", "containerd.service"},
		{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1a.slice/docker-" HEX
		 ".scope",
		 "docker:0123456789ab"},
		{"/system.slice/docker.service/docker/" HEX, "docker:0123456789ab"},
		{"/kubepods/pod0b1c-22/short", ""},
		{"/.service", ""},
		{"//system.slice///a.service//", "a.service"},
		{"/system.slice/\x1b]0;x\x07.service", "\x1b]0;x\x07.service"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str s = {0};

		unit_name(cases[i].path, &s);
		if (strcmp(str_text(&s), cases[i].name))
			fail_msg("%s gives \"%s\", not \"%s\"", cases[i].path, str_text(&s), cases[i].name);
		str_done(&s);
	}
}

static void appends(void **state)
{
	struct str s = {0};

	str_puts(&s, "in ");
	unit_name("/system.slice/a.service", &s);
	assert_string_equal(str_text(&s), "in a.service");
	str_done(&s);
}

static void deep(void **state)
{
	struct str path = {0}, s = {0};

	for (int i = 0; i < 200; i++)
		str_puts(&path, "/x");
	str_puts(&path, "/docker/" HEX);
	unit_name(str_text(&path), &s);
	assert_string_equal(str_text(&s), "docker:0123456789ab");
	str_done(&path);
	str_done(&s);
}

static void numbers(void **state)
{
	const char *label = NULL, *id = NULL;

	assert_true(unit_container("/system.slice/docker-" HEX ".scope/init", &label, &id));
	assert_string_equal(label, "docker");
	assert_memory_equal(id, HEX, 64);
	assert_false(unit_container("/lxc.payload.web", &label, &id)); /* has a name already */
	assert_false(unit_container("/system.slice/nginx.service", &label, &id));
	assert_false(unit_container("", &label, &id));
	assert_string_equal(label, "docker");

	assert_true(unit_is_container("docker:db"));
	assert_true(unit_is_container("lxc:"));
	assert_false(unit_is_container("nginx.service"));
	assert_false(unit_is_container("app@a:b.service"));
	assert_false(unit_is_container(""));
	assert_false(unit_is_container("dock:x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(paths), cmocka_unit_test(of_users),
		cmocka_unit_test(appends), cmocka_unit_test(deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
