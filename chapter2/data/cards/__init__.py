"""What each entry of the catalogue is, by kind; see :mod:`chapter2.data.catalogue`."""
