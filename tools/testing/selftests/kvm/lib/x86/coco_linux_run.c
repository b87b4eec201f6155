// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the vCPUs of a Linux, each in a thread of its own, and is its devices: a serial
 * port that polls, and the registers by which it switches off. What it prints goes to
 * the output of the test, a comment a line.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm_para.h>
#include <linux/serial_reg.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "coco_linux.h"

#define UART_PORT		0x3f8
#define NR_UART_PORTS		8

#define PIT_COUNTER_PORT	0x42
#define RTC_DATA_PORT		0x71

#define SLEEP_ENABLE		BIT(5)
#define SLEEP_TYPE_SHIFT	2

#define SWITCHED_OFF		"it switched off"

/* How often a vCPU is told to stop, until it has */
#define KICK_USEC		1000

static void print(struct linux_machine *m, char c)
{
	if (c == '\r')
		return;
	TEST_ASSERT(m->len + 1 < sizeof(m->text), "The guest does not stop printing");
	m->text[m->len++] = c;
	if (m->len == 1)
		pthread_cond_broadcast(&m->changed);
	if (c != '\n')
		return;

	printf("# guest: %.*s", (int)(m->len - m->line), m->text + m->line);
	fflush(stdout);
	m->line = m->len;
}

/* 8250: no FIFO, nothing to receive, always ready to send */
static void uart_write(struct linux_machine *m, unsigned int reg, uint8_t value)
{
	if (reg == UART_TX && !(m->uart[UART_LCR] & UART_LCR_DLAB))
		print(m, value);
	else if (reg != UART_FCR && reg != UART_TX)
		m->uart[reg] = value;
}

static uint8_t uart_read(struct linux_machine *m, unsigned int reg)
{
	switch (reg) {
	case UART_RX:
		return 0;
	case UART_IER:
		return m->uart[reg] & 0xf;
	case UART_IIR:
		return UART_IIR_NO_INT;
	case UART_LSR:
		return UART_LSR_TEMT | UART_LSR_THRE;
	case UART_MSR:
		return UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;
	default:
		return m->uart[reg];
	}
}

static void end(struct linux_machine *m, const char *how)
{
	if (!m->end)
		m->end = how;
	pthread_cond_broadcast(&m->changed);
}

static void port_write(struct linux_machine *m, uint16_t port, uint8_t value)
{
	if (port >= UART_PORT && port < UART_PORT + NR_UART_PORTS)
		uart_write(m, port - UART_PORT, value);
	else if (port == LINUX_SLEEP_PORT &&
		 value == (SLEEP_ENABLE | LINUX_SLEEP_TYPE << SLEEP_TYPE_SHIFT))
		end(m, SWITCHED_OFF);
	else if (port == LINUX_RESET_PORT && value == LINUX_RESET_VALUE)
		end(m, "it reset itself");
}

static uint8_t port_read(struct linux_machine *m, uint16_t port)
{
	if (port >= UART_PORT && port < UART_PORT + NR_UART_PORTS)
		return uart_read(m, port - UART_PORT);
	if (port == LINUX_SLEEP_PORT || port == LINUX_SLEEP_STATUS_PORT)
		return 0;
	/*
	 * What is not there reads as ones. Linux looks for these two all the same, and would
	 * do so 100000 times, or until the RTC is not updated any more.
	 */
	if (port == PIT_COUNTER_PORT || port == RTC_DATA_PORT)
		return 0;
	return 0xff;
}

/* The devices have registers of one byte. There is nothing else. */
static void io(struct linux_machine *m, struct kvm_run *run)
{
	uint8_t *data = (void *)run + run->io.data_offset;
	unsigned int i;

	for (i = 0; i < run->io.count; i++, data += run->io.size) {
		if (run->io.direction == KVM_EXIT_IO_OUT) {
			port_write(m, run->io.port, *data);
		} else {
			memset(data, 0xff, run->io.size);
			*data = port_read(m, run->io.port);
		}
	}
}

static void convert(struct linux_machine *m, struct kvm_run *run)
{
	uint64_t gpa = run->hypercall.args[0], size = run->hypercall.args[1] * PAGE_SIZE;

	if (run->hypercall.args[2] & KVM_MAP_GPA_RANGE_ENCRYPTED) {
		vm_mem_set_private(m->vm, gpa, size);
	} else {
		vm_mem_set_shared(m->vm, gpa, size);
		vm_guest_mem_punch_hole(m->vm, gpa, size);
	}
	run->hypercall.ret = 0;
}

static bool handle_exit(struct linux_machine *m, struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		io(m, run);
		return true;
	case KVM_EXIT_MMIO:
		if (!run->mmio.is_write)
			memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
		return true;
	case KVM_EXIT_HYPERCALL:
		if (run->hypercall.nr != KVM_HC_MAP_GPA_RANGE)
			break;
		convert(m, run);
		return true;
	}
	return false;
}

static void say_exit(struct kvm_vcpu *vcpu, int ret)
{
	struct kvm_run *run = vcpu->run;

	printf("# vCPU %u: KVM_RUN returns %d, errno %d, %s\n", vcpu->id, ret, errno,
	       exit_reason_str(run->exit_reason));
	if (run->exit_reason == KVM_EXIT_MEMORY_FAULT)
		printf("# GPA 0x%llx, flags 0x%llx\n", run->memory_fault.gpa,
		       run->memory_fault.flags);
	if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT)
		printf("# type %u, data 0x%llx\n", run->system_event.type,
		       run->system_event.data[0]);
}

struct runner {
	struct linux_machine *m;
	struct kvm_vcpu *vcpu;
	pthread_t thread;
	bool gone;
};

static void *run_vcpu(void *arg)
{
	struct runner *r = arg;
	struct linux_machine *m = r->m;
	int ret;

	pthread_mutex_lock(&m->lock);
	while (m->others_wait && r->vcpu != m->vcpu[0] && !m->len && !m->end)
		pthread_cond_wait(&m->changed, &m->lock);
	while (!m->end) {
		pthread_mutex_unlock(&m->lock);
		ret = __vcpu_run(r->vcpu);
		pthread_mutex_lock(&m->lock);

		if (ret && errno == EINTR)
			continue;
		/* With KVM_EXIT_MEMORY_FAULT it returns -1, and with no exit it knows. */
		if ((ret && errno != EFAULT) || !handle_exit(m, r->vcpu)) {
			if (!m->end)
				say_exit(r->vcpu, ret);
			end(m, "a vCPU cannot go on");
		}
	}
	r->gone = true;
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

static void interrupt(int sig)
{
}

/* A signal may come before KVM_RUN, so there are more until it is over. */
static void stop(struct runner *r)
{
	while (!READ_ONCE(r->gone)) {
		r->vcpu->run->immediate_exit = 1;
		pthread_kill(r->thread, SIGUSR1);
		usleep(KICK_USEC);
	}
	pthread_join(r->thread, NULL);
}

unsigned int linux_boot_timeout(unsigned int otherwise)
{
	const char *boot = getenv("BOOT_TIMEOUT");

	return boot ? atoi_positive("BOOT_TIMEOUT", boot) : otherwise;
}

/* Until it has ended in whatever way, and how that was */
static const char *run_machine(struct linux_machine *m, unsigned int seconds)
{
	struct sigaction action = { .sa_handler = interrupt };
	struct runner runner[LINUX_MAX_VCPUS] = {};
	struct timespec until;
	unsigned int i;

	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->changed, NULL);
	sigaction(SIGUSR1, &action, NULL);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;

	for (i = 0; i < m->nr_vcpus; i++) {
		runner[i].m = m;
		runner[i].vcpu = m->vcpu[i];
		TEST_ASSERT(!pthread_create(&runner[i].thread, NULL, run_vcpu, &runner[i]),
			    "pthread_create()");
	}

	pthread_mutex_lock(&m->lock);
	while (!m->end) {
		if (pthread_cond_timedwait(&m->changed, &m->lock, &until))
			end(m, "it takes too long");
	}
	pthread_mutex_unlock(&m->lock);

	for (i = 0; i < m->nr_vcpus; i++)
		stop(&runner[i]);
	if (m->line != m->len)
		print(m, '\n');
	m->text[m->len] = '\0';
	return m->end;
}

void linux_machine_run(struct linux_machine *m, unsigned int seconds)
{
	const char *how = run_machine(m, seconds), *last;

	if (!strcmp(how, SWITCHED_OFF))
		return;

	m->text[m->len ? m->len - 1 : 0] = '\0';
	last = strrchr(m->text, '\n');
	TEST_FAIL("The guest did not switch off: %s. Its last line: %s", how,
		  last ? last + 1 : m->text);
}

void linux_machine_expect(const struct linux_machine *m, const char *text)
{
	TEST_ASSERT(strstr(m->text, text), "The guest did not say: %s", text);
}

void linux_machine_expect_hex(const struct linux_machine *m, const char *text,
			      const uint8_t *want, size_t len)
{
	char line[256];
	size_t i, n;

	n = snprintf(line, sizeof(line), "%s", text);
	TEST_ASSERT(n + 2 * len < sizeof(line), "A long line");
	for (i = 0; i < len; i++)
		n += snprintf(line + n, sizeof(line) - n, "%02x", want[i]);
	linux_machine_expect(m, line);
}
