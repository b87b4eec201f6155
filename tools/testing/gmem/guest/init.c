// SPDX-License-Identifier: GPL-2.0-only
/*
 * First and only process of the Linux that runs as an SNP guest or as a TD. It says what
 * the kernel thinks it is, and on which CPUs it has run, fetches a report from
 * /dev/sev-guest or /dev/tdx_guest, prints what was measured at launch, and switches
 * off. Built with the kernel's nolibc.
 *
 * Its lines go to /dev/kmsg: they stand in one log with the kernel's, and need no
 * interrupt of a serial port. What the tests look for is in coco_linux.h of the KVM
 * selftests.
 */
#include <linux/sev-guest.h>
#include <linux/tdx-guest.h>

#define MAX_CPUS	64

/* "SEV Secure Nested Paging Firmware ABI Specification", MSG_REPORT_RSP: the report */
#define SNP_REPORT		0x20
#define SNP_REPORT_DATA		(SNP_REPORT + 0x50)
#define SNP_MEASUREMENT		(SNP_REPORT + 0x90)
/* "TDREPORT_STRUCT" of the Intel TDX Module ABI */
#define TDREPORT_DATA		0x80
#define TDREPORT_MRTD		0x210

/* LINUX_SLEEP_PORT and LINUX_SLEEP_TYPE of the tests */
#define SLEEP_PORT		0x600
#define SLEEP_TYPE		5
#define SLEEP_ENABLE		0x20

#define DATA_SIZE		64
#define DIGEST_SIZE		48

static unsigned char data[DATA_SIZE];

static void say(const char *format, ...)
{
	char line[256] = "init: ";
	va_list args;
	int fd, len;

	va_start(args, format);
	len = strlen(line);
	len += vsnprintf(line + len, sizeof(line) - len, format, args);
	va_end(args);

	fd = open("/dev/kmsg", O_WRONLY);
	if (fd < 0)
		return;
	write(fd, line, len);
	close(fd);
}

/* What a report says that was measured, and that it is one for what was asked */
static void say_measured(const char *what, const unsigned char *report_data,
			 const unsigned char *measured)
{
	char digest[2 * DIGEST_SIZE + 1];
	int i;

	if (memcmp(report_data, data, sizeof(data))) {
		say("%s: of other data", what);
		return;
	}
	for (i = 0; i < DIGEST_SIZE; i++)
		snprintf(digest + 2 * i, 3, "%x%x", measured[i] >> 4, measured[i] & 15);
	say("%s %s", what, digest);
}

static void report_of_sev_guest(int fd)
{
	static struct snp_report_resp answer;
	struct snp_report_req request = {};
	struct snp_guest_request_ioctl args = {
		.msg_version = 1,
		.req_data = (unsigned long)&request,
		.resp_data = (unsigned long)&answer,
	};

	memcpy(request.user_data, data, sizeof(data));
	if (ioctl(fd, SNP_GET_REPORT, &args)) {
		say("SNP_GET_REPORT: errno %d, 0x%lx", errno, (unsigned long)args.exitinfo2);
		return;
	}
	say_measured("SNP measurement", answer.data + SNP_REPORT_DATA,
		     answer.data + SNP_MEASUREMENT);
}

static void report_of_tdx_guest(int fd)
{
	static struct tdx_report_req args;

	memcpy(args.reportdata, data, sizeof(data));
	if (ioctl(fd, TDX_CMD_GET_REPORT0, &args)) {
		say("TDX_CMD_GET_REPORT0: errno %d", errno);
		return;
	}
	say_measured("TD measurement", args.tdreport + TDREPORT_DATA,
		     args.tdreport + TDREPORT_MRTD);
}

/* Of what the kernel has said, for little of that is printed. A read is a record. */
static void repeat_of_kernel(const char *text)
{
	static char record[8192];
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	char *found, *end;
	int len;

	if (fd < 0)
		return;
	while ((len = read(fd, record, sizeof(record) - 1)) > 0) {
		record[len] = '\0';
		found = strstr(record, text);
		if (found) {
			end = strchr(found, '\n');
			if (end)
				*end = '\0';
			say("%s", found);
			break;
		}
	}
	close(fd);
}

/* On each CPU that the kernel has brought up */
static void visit_cpus(void)
{
	unsigned long mask;
	unsigned int cpu;
	int i;

	for (i = 0; i < MAX_CPUS; i++) {
		mask = 1ul << i;
		if (syscall(__NR_sched_setaffinity, 0, sizeof(mask), &mask) < 0)
			continue;
		if (syscall(__NR_getcpu, &cpu, NULL, NULL) == 0)
			say("runs on CPU %u", cpu);
	}
}

/* "Sleep Control Register" of ACPI, which a kernel without PCI does not use */
static void switch_off(void)
{
	const unsigned char value = SLEEP_ENABLE | SLEEP_TYPE << 2;
	int fd = open("/dev/port", O_WRONLY);

	if (fd < 0 || lseek(fd, SLEEP_PORT, SEEK_SET) != SLEEP_PORT ||
	    write(fd, &value, sizeof(value)) != sizeof(value))
		say("/dev/port: errno %d", errno);
}

int main(void)
{
	int fd;

	mkdir("/dev", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	repeat_of_kernel("Memory Encryption Features active");
	visit_cpus();

	memset(data, 0x5a, sizeof(data));
	fd = open("/dev/sev-guest", O_RDWR);
	if (fd >= 0)
		report_of_sev_guest(fd);
	fd = open("/dev/tdx_guest", O_RDWR);
	if (fd >= 0)
		report_of_tdx_guest(fd);

	say("powers off");
	/* The kernel may not have printed it yet. */
	sleep(5);
	switch_off();
	reboot(LINUX_REBOOT_CMD_POWER_OFF);
	return 1;
}
