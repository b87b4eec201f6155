// SPDX-License-Identifier: GPL-2.0-only
/*
 * Secure processor of the emulated SEV-SNP host: the PCI device that the ccp
 * driver binds to. It sits alone on a root bus in a PCI domain of its own.
 *
 * The registers are ordinary memory that is taken out of the memory map at boot,
 * so that the driver can map it. Writes to it do not trap: a thread looks at the
 * mailbox, hands commands to the firmware, and signals completion with the MSI-X
 * message that the driver has programmed, sent as an inter-processor interrupt.
 */
#define pr_fmt(fmt)	"coco_emul: " fmt

#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/memblock.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/psp.h>
#include <linux/sizes.h>
#include <linux/unaligned.h>

#include <asm/apic.h>
#include <asm/e820/api.h>

#include "snp.h"

/* The device: a secure processor of an EPYC without the older CCP engine. */
#define PSP_PCI_DEVICE		0x14ca
#define PSP_PCI_CLASS		PCI_CLASS_CRYPT_OTHER
#define PSP_PCI_DOMAIN		0x10000
#define PSP_BAR			2
#define PSP_BAR_SIZE		SZ_128K
/* More than the BAR, so that the host bridge window nests in it. */
#define PSP_RESERVED_SIZE	(2 * PSP_BAR_SIZE)

/* Registers of the mailbox, as offsets into the BAR */
#define PSP_INTEN		0x10690
#define PSP_INTSTS		0x10694
#define PSP_CMDRESP		0x10980
#define PSP_CMDBUF_LO		0x109e0
#define PSP_CMDBUF_HI		0x109e4
#define PSP_FEATURE		0x109fc
#define PSP_MSIX_TABLE		0x18000
#define PSP_MSIX_PBA		0x19000
#define PSP_MSIX_ENTRIES	2

#define PSP_FEATURE_SEV		BIT(0)
#define PSP_INTSTS_SEV_DONE	BIT(1)
#define PSP_CMDRESP_IOC		BIT(0)
#define PSP_CMDRESP_SEV_CMD	GENMASK(26, 16)

/* Configuration space */
#define CFG_MSIX		0x40
#define CFG_MSIX_CTRL		(CFG_MSIX + PCI_MSIX_FLAGS)
#define CFG_SIZE		PCI_CFG_SPACE_SIZE
#define CFG_BAR			(PCI_BASE_ADDRESS_0 + 4 * PSP_BAR)

/*
 * Commands come in bursts, page after page: the mailbox is looked at often for
 * a while after each of them, and seldom when none has come for longer.
 */
#define POLL_BURST_US		20
#define POLL_IDLE_US		2000
#define POLL_BURST_LENGTH	(HZ / 10)

static phys_addr_t psp_bar_pa;
static u8 __iomem *psp_regs;
static struct task_struct *psp_thread;

/* Protected by pci_lock. */
static u8 psp_cfg[CFG_SIZE];

static struct resource psp_window = {
	.name	= "coco_emul PSP",
	.flags	= IORESOURCE_MEM,
};

static struct resource psp_busn = {
	.name	= "coco_emul PSP bus",
	.flags	= IORESOURCE_BUS,
};

static struct pci_sysdata psp_sysdata = {
	.domain	= PSP_PCI_DOMAIN,
	.node	= NUMA_NO_NODE,
};

static void cfg_put16(int where, u16 val)
{
	put_unaligned_le16(val, &psp_cfg[where]);
}

static void cfg_put32(int where, u32 val)
{
	put_unaligned_le32(val, &psp_cfg[where]);
}

static int psp_cfg_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	if (devfn || where + size > CFG_SIZE)
		return PCIBIOS_DEVICE_NOT_FOUND;

	switch (size) {
	case 1:
		*val = psp_cfg[where];
		break;
	case 2:
		*val = get_unaligned_le16(&psp_cfg[where]);
		break;
	default:
		*val = get_unaligned_le32(&psp_cfg[where]);
		break;
	}

	return PCIBIOS_SUCCESSFUL;
}

/* Only what can be written on a device of this kind takes a new value. */
static int psp_cfg_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
	if (devfn || where + size > CFG_SIZE)
		return PCIBIOS_DEVICE_NOT_FOUND;

	if (where == PCI_COMMAND && size == 2) {
		cfg_put16(PCI_COMMAND, val & (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
					      PCI_COMMAND_INTX_DISABLE));
	} else if (where == CFG_MSIX_CTRL && size == 2) {
		cfg_put16(CFG_MSIX_CTRL, (val & (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL)) |
					 (PSP_MSIX_ENTRIES - 1));
		wake_up_process(psp_thread);
	} else if (where == CFG_BAR && size == 4) {
		/* The size bits of the BAR read as zero, the type as 32-bit memory. */
		cfg_put32(CFG_BAR, val & ~(PSP_BAR_SIZE - 1));
	}

	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops psp_pci_ops = {
	.read	= psp_cfg_read,
	.write	= psp_cfg_write,
};

static u16 psp_msix_ctrl(void)
{
	return get_unaligned_le16(&psp_cfg[CFG_MSIX_CTRL]);
}

/* Deliver the message in the first entry of the MSI-X table. */
static void psp_interrupt(void)
{
	u8 __iomem *entry = psp_regs + PSP_MSIX_TABLE;
	struct x86_msi_addr_lo addr;
	struct x86_msi_data data;
	u32 icr;

	if ((psp_msix_ctrl() & (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL)) !=
	    PCI_MSIX_FLAGS_ENABLE)
		return;
	if (readl(entry + PCI_MSIX_ENTRY_VECTOR_CTRL) & PCI_MSIX_ENTRY_CTRL_MASKBIT)
		return;

	*(u32 *)&addr = readl(entry + PCI_MSIX_ENTRY_LOWER_ADDR);
	*(u32 *)&data = readl(entry + PCI_MSIX_ENTRY_DATA);

	icr = APIC_DM_FIXED | data.vector;
	if (addr.dest_mode_logical)
		icr |= APIC_DEST_LOGICAL;
	apic_icr_write(icr, addr.destid_0_7);
}

/* One command, if there is one. Returns true if there was. */
static bool psp_poll_mailbox(void)
{
	u32 reg = readl(psp_regs + PSP_CMDRESP);
	u64 buf;
	u16 status;

	if (!reg || reg & PSP_CMDRESP_RESP)
		return false;

	buf = readl(psp_regs + PSP_CMDBUF_LO) | (u64)readl(psp_regs + PSP_CMDBUF_HI) << 32;
	status = snp_emul_psp_command(FIELD_GET(PSP_CMDRESP_SEV_CMD, reg), buf);

	writel(PSP_CMDRESP_RESP | status, psp_regs + PSP_CMDRESP);
	if (reg & PSP_CMDRESP_IOC) {
		writel(PSP_INTSTS_SEV_DONE, psp_regs + PSP_INTSTS);
		if (readl(psp_regs + PSP_INTEN) & PSP_INTSTS_SEV_DONE)
			psp_interrupt();
	}

	return true;
}

static int psp_thread_fn(void *unused)
{
	unsigned long last = jiffies;

	while (!kthread_should_stop()) {
		set_current_state(TASK_IDLE);
		if (!(psp_msix_ctrl() & PCI_MSIX_FLAGS_ENABLE)) {
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);

		if (psp_poll_mailbox())
			last = jiffies;

		if (time_before(jiffies, last + POLL_BURST_LENGTH))
			usleep_range_state(POLL_BURST_US, 2 * POLL_BURST_US, TASK_IDLE);
		else
			usleep_range_state(POLL_IDLE_US, 2 * POLL_IDLE_US, TASK_IDLE);
	}

	return 0;
}

static void __init psp_cfg_init(void)
{
	cfg_put16(PCI_VENDOR_ID, PCI_VENDOR_ID_AMD);
	cfg_put16(PCI_DEVICE_ID, PSP_PCI_DEVICE);
	cfg_put16(PCI_STATUS, PCI_STATUS_CAP_LIST);
	cfg_put16(PCI_CLASS_DEVICE, PSP_PCI_CLASS);
	cfg_put32(CFG_BAR, psp_bar_pa);
	cfg_put16(PCI_SUBSYSTEM_VENDOR_ID, PCI_VENDOR_ID_AMD);
	psp_cfg[PCI_CAPABILITY_LIST] = CFG_MSIX;

	psp_cfg[CFG_MSIX] = PCI_CAP_ID_MSIX;
	cfg_put16(CFG_MSIX_CTRL, PSP_MSIX_ENTRIES - 1);
	cfg_put32(CFG_MSIX + PCI_MSIX_TABLE, PSP_MSIX_TABLE | PSP_BAR);
	cfg_put32(CFG_MSIX + PCI_MSIX_PBA, PSP_MSIX_PBA | PSP_BAR);
}

static void __init psp_regs_init(void)
{
	int i;

	memset_io(psp_regs, 0, PSP_BAR_SIZE);
	writel(PSP_FEATURE_SEV, psp_regs + PSP_FEATURE);
	for (i = 0; i < PSP_MSIX_ENTRIES; i++)
		writel(PCI_MSIX_ENTRY_CTRL_MASKBIT, psp_regs + PSP_MSIX_TABLE +
		       i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL);
}

/*
 * Take the memory of the BAR out of the memory map, while that is still easy:
 * the highest suitable piece of low memory that nothing lies in, such as the
 * initramfs.
 */
void __init snp_emul_psp_pci_reserve(void)
{
	u64 pa = round_down(PFN_PHYS(e820__end_of_low_ram_pfn()), PSP_RESERVED_SIZE);

	while (pa > SZ_16M) {
		pa -= PSP_RESERVED_SIZE;
		if (!e820__mapped_all(pa, pa + PSP_RESERVED_SIZE, E820_TYPE_RAM) ||
		    memblock_is_region_reserved(pa, PSP_RESERVED_SIZE))
			continue;

		e820__range_update(pa, PSP_RESERVED_SIZE, E820_TYPE_RAM, E820_TYPE_RESERVED);
		e820__update_table(e820_table);
		psp_bar_pa = pa;
		return;
	}
}

int __init snp_emul_psp_pci_init(void)
{
	LIST_HEAD(resources);
	struct pci_bus *bus;

	if (!psp_bar_pa) {
		pr_err("no memory for the registers of the secure processor\n");
		return -ENOMEM;
	}

	psp_regs = ioremap(psp_bar_pa, PSP_BAR_SIZE);
	if (!psp_regs)
		return -ENOMEM;

	psp_regs_init();
	psp_cfg_init();

	psp_thread = kthread_run(psp_thread_fn, NULL, "coco_emul_psp");
	if (IS_ERR(psp_thread)) {
		iounmap(psp_regs);
		return PTR_ERR(psp_thread);
	}

	psp_window.start = psp_bar_pa;
	psp_window.end = psp_bar_pa + PSP_BAR_SIZE - 1;
	insert_resource(&iomem_resource, &psp_window);

	pci_add_resource(&resources, &psp_window);
	pci_add_resource(&resources, &psp_busn);
	bus = pci_scan_root_bus(NULL, 0, &psp_pci_ops, &psp_sysdata, &resources);
	if (!bus) {
		pci_free_resource_list(&resources);
		release_resource(&psp_window);
		kthread_stop(psp_thread);
		iounmap(psp_regs);
		return -ENODEV;
	}

	pci_bus_claim_resources(bus);
	pci_bus_add_devices(bus);
	return 0;
}
