"""Which Python runs an analyst's notebooks: the one that cdi-stats is in, whatever other kernels there are."""

from __future__ import annotations

from typing import Any

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager


class ThisPython(KernelSpecManager):
    """Kernels as they are found, but `python3`, which notebooks ask for, is the Python of this process."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Return where each kernel's files are, by its name."""
        return {**super().find_kernel_specs(), NATIVE_KERNEL_NAME: RESOURCES}

    def get_kernel_spec(self, kernel_name: str) -> Any:
        """Return how a kernel is started. Raises jupyter_client's NoSuchKernel for an unknown name."""
        if kernel_name == NATIVE_KERNEL_NAME:
            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())
        return super().get_kernel_spec(kernel_name)
