(* Means of symmetric polynomials of L independent tokens times e^{-tW}, for an
   abstract expectation: W = w(X_0) + ... + w(X_{L-1}), phi = E e^{-tw}.

     laplace_sum_mean      E[sum_i u(X_i) e^{-tW}] = L E[u e^{-tw}] phi^{L-1}
     laplace_square_mean   E[(sum_i u(X_i))^2 e^{-tW}]
                             = L E[u^2 e^{-tw}] phi^{L-1} + L (L-1) (E[u e^{-tw}])^2 phi^{L-2}

   laplace_ge_exp: phi >= e^{-t E w} (Jensen). *)
From Coq Require Import Reals Lra Lia PeanoNat.
From AttentionBounds.foundation Require Import finite_sums exponential_bounds abstract_expectation independence.
Local Open Scope R_scope.

Lemma rprod_mult n a b : rprod n (fun j => a j * b j) = rprod n a * rprod n b.
Proof. induction n as [|n IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma rprod_pair_power n i k c : (i < n)%nat -> (k < n)%nat -> i <> k ->
  rprod n (fun j => if Nat.eqb j i then 1 else if Nat.eqb j k then 1 else c) = c ^ (n - 2).
Proof.
  induction n as [|n IH]; intros Hi Hk Hne; [lia|]. cbn [rprod].
  destruct (Nat.eqb_spec n i) as [->|Hi'].
  - rewrite (rprod_ext i _ (fun j => if Nat.eqb j k then 1 else c)).
    + rewrite rprod_const_but by lia. rewrite Rmult_1_r, Rmult_1_l. f_equal; lia.
    + intros j Hj. destruct (Nat.eqb_spec j i); [lia|auto].
  - destruct (Nat.eqb_spec n k) as [->|Hk'].
    + rewrite (rprod_ext k _ (fun j => if Nat.eqb j i then 1 else c)).
      * rewrite rprod_const_but by lia. rewrite Rmult_1_r, Rmult_1_l. f_equal; lia.
      * intros j Hj. destruct (Nat.eqb_spec j i); auto. destruct (Nat.eqb_spec j k); [lia|auto].
    + rewrite IH by lia. replace (S n - 2)%nat with (S (n - 2)) by lia. simpl. ring.
Qed.

(* a on the diagonal and b off it *)
Lemma rsum_diagonal n a b :
  rsum n (fun i => rsum n (fun j => if Nat.eqb j i then a else b)) = INR n * a + INR n * (INR n - 1) * b.
Proof.
  rewrite (rsum_ext n _ (fun _ => INR n * b + (a - b))).
  - rewrite rsum_const. ring.
  - intros i Hi. rewrite <- rsum_const, <- (rsum_delta n i (a - b) Hi), <- rsum_plus.
    apply rsum_ext. intros j _. destruct (Nat.eqb j i); ring.
Qed.

Section LaplaceMeans.
Context {Om T : Type} (P : Expectation Om) (mu : Expectation T).
Variables (X : nat -> Om -> T) (L : nat) (w : T -> R) (t : R).
Hypothesis PR : product_rule P mu X L.
Let e x := exp (- t * w x).
Hypothesis Ie : Int mu (fun x => exp (- t * w x)).
Let phi := Ex mu (fun x => exp (- t * w x)).
Let W o := rsum L (fun i => w (X i o)).

Lemma laplace_single_mean u i : (i < L)%nat -> Int mu (fun x => u x * exp (- t * w x)) ->
  Int P (fun o => u (X i o) * exp (- t * W o)) /\
  Ex P (fun o => u (X i o) * exp (- t * W o)) = Ex mu (fun x => u x * exp (- t * w x)) * phi ^ (L - 1).
Proof.
  intros Hi Iu.
  destruct (product_rule_signed P mu X L PR (fun j x => if Nat.eqb j i then u x * e x else e x)) as [I E].
  { intros j _. destruct (Nat.eqb j i); auto. }
  assert (EQ : forall o, rprod L (fun j => if Nat.eqb j i then u (X j o) * e (X j o) else e (X j o))
    = u (X i o) * exp (- t * W o)).
  { intros o.
    rewrite (rprod_ext L _ (fun j => (if Nat.eqb j i then u (X i o) else 1) * e (X j o))).
    - rewrite rprod_mult, rprod_single by auto. unfold e, W. now rewrite <- rprod_exp_sum.
    - intros j _. destruct (Nat.eqb_spec j i); subst; ring. }
  split; [eapply Int_ext; [exact EQ|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ I), E, <- (rprod_const_but L i) by auto.
  apply rprod_ext. intros j _. destruct (Nat.eqb j i); auto.
Qed.

Lemma laplace_pair_mean u i k : (i < L)%nat -> (k < L)%nat -> i <> k ->
  Int mu (fun x => u x * exp (- t * w x)) ->
  Int P (fun o => u (X i o) * u (X k o) * exp (- t * W o)) /\
  Ex P (fun o => u (X i o) * u (X k o) * exp (- t * W o))
    = (Ex mu (fun x => u x * exp (- t * w x))) ^ 2 * phi ^ (L - 2).
Proof.
  intros Hi Hk Hne Iu.
  destruct (product_rule_signed P mu X L PR (fun j x => if Nat.eqb j i then u x * e x else
    if Nat.eqb j k then u x * e x else e x)) as [I E].
  { intros j _. destruct (Nat.eqb j i); auto. destruct (Nat.eqb j k); auto. }
  assert (EQ : forall o, rprod L (fun j => if Nat.eqb j i then u (X j o) * e (X j o) else
      if Nat.eqb j k then u (X j o) * e (X j o) else e (X j o))
    = u (X i o) * u (X k o) * exp (- t * W o)).
  { intros o.
    rewrite (rprod_ext L _ (fun j => (if Nat.eqb j i then u (X i o) else
      if Nat.eqb j k then u (X k o) else 1) * e (X j o))).
    - rewrite rprod_mult, rprod_pair by auto. unfold e, W. now rewrite <- rprod_exp_sum.
    - intros j _. destruct (Nat.eqb_spec j i); subst; [ring|]. destruct (Nat.eqb_spec j k); subst; ring. }
  split; [eapply Int_ext; [exact EQ|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ I), E.
  set (g := Ex mu (fun x => u x * exp (- t * w x))).
  rewrite (rprod_ext L _ (fun j => (if Nat.eqb j i then g else if Nat.eqb j k then g else 1) *
    (if Nat.eqb j i then 1 else if Nat.eqb j k then 1 else phi))).
  - rewrite rprod_mult, rprod_pair, rprod_pair_power by auto. ring.
  - intros j _. destruct (Nat.eqb j i); [unfold g, e; ring|]. destruct (Nat.eqb j k); [unfold g, e; ring|].
    unfold phi, e; ring.
Qed.

Lemma laplace_sum_mean u : Int mu (fun x => u x * exp (- t * w x)) ->
  Int P (fun o => rsum L (fun i => u (X i o)) * exp (- t * W o)) /\
  Ex P (fun o => rsum L (fun i => u (X i o)) * exp (- t * W o))
    = INR L * Ex mu (fun x => u x * exp (- t * w x)) * phi ^ (L - 1).
Proof.
  intros Iu.
  assert (EQ : forall o, rsum L (fun i => u (X i o) * exp (- t * W o))
    = rsum L (fun i => u (X i o)) * exp (- t * W o)).
  { intros o. rewrite (Rmult_comm _ (exp (- t * W o))), <- rsum_scal. apply rsum_ext; intros; ring. }
  assert (IS : forall i, (i < L)%nat -> Int P (fun o => u (X i o) * exp (- t * W o))).
  { intros i Hi. now apply laplace_single_mean. }
  assert (I := Int_rsum P L (fun i o => u (X i o) * exp (- t * W o)) IS).
  split; [eapply Int_ext; [exact EQ|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ I), (Ex_rsum P L (fun i o => u (X i o) * exp (- t * W o)) IS).
  rewrite (rsum_ext L _ (fun _ => Ex mu (fun x => u x * exp (- t * w x)) * phi ^ (L - 1))).
  - rewrite rsum_const. ring.
  - intros i Hi. now apply laplace_single_mean.
Qed.

Lemma laplace_square_mean u : Int mu (fun x => u x * exp (- t * w x)) ->
  Int mu (fun x => u x ^ 2 * exp (- t * w x)) ->
  Int P (fun o => rsum L (fun i => u (X i o)) ^ 2 * exp (- t * W o)) /\
  Ex P (fun o => rsum L (fun i => u (X i o)) ^ 2 * exp (- t * W o))
    = INR L * Ex mu (fun x => u x ^ 2 * exp (- t * w x)) * phi ^ (L - 1)
      + INR L * (INR L - 1) * (Ex mu (fun x => u x * exp (- t * w x))) ^ 2 * phi ^ (L - 2).
Proof.
  intros Iu Iu2.
  pose (term := fun i k o => u (X i o) * u (X k o) * exp (- t * W o)).
  set (a := Ex mu (fun x => u x ^ 2 * exp (- t * w x)) * phi ^ (L - 1)).
  set (b := (Ex mu (fun x => u x * exp (- t * w x))) ^ 2 * phi ^ (L - 2)).
  assert (HT : forall i k, (i < L)%nat -> (k < L)%nat -> Int P (term i k) /\
    Ex P (term i k) = if Nat.eqb k i then a else b).
  { intros i k Hi Hk. destruct (Nat.eqb_spec k i) as [->|Hne].
    - destruct (laplace_single_mean (fun x => u x ^ 2) i Hi Iu2) as [I E].
      assert (EQ : forall o, u (X i o) ^ 2 * exp (- t * W o) = term i i o) by (intros; unfold term; ring).
      split; [eapply Int_ext; [exact EQ|exact I]|].
      now rewrite <- (Ex_ext P _ _ EQ I), E.
    - apply laplace_pair_mean; auto. }
  assert (EQ : forall o, rsum L (fun i => rsum L (fun k => term i k o))
    = rsum L (fun i => u (X i o)) ^ 2 * exp (- t * W o)).
  { intros o. rewrite rsum_sq, (Rmult_comm _ (exp (- t * W o))), <- rsum_scal. apply rsum_ext; intros i _.
    rewrite <- rsum_scal. apply rsum_ext; intros k _. unfold term. ring. }
  assert (I1 : forall i, (i < L)%nat -> Int P (fun o => rsum L (fun k => term i k o))).
  { intros i Hi. apply Int_rsum. intros k Hk. now apply HT. }
  assert (I := Int_rsum P L (fun i o => rsum L (fun k => term i k o)) I1).
  split; [eapply Int_ext; [exact EQ|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ I), (Ex_rsum P L (fun i o => rsum L (fun k => term i k o)) I1).
  rewrite (rsum_ext L _ (fun i => rsum L (fun k => if Nat.eqb k i then a else b))).
  - rewrite rsum_diagonal. unfold a, b. ring.
  - intros i Hi. rewrite (Ex_rsum P L (term i)) by (intros k Hk; now apply HT).
    apply rsum_ext; intros k Hk. now apply HT.
Qed.
End LaplaceMeans.

(* Jensen for the exponential *)
Lemma laplace_ge_exp {T : Type} (mu : Expectation T) w t : Int mu w ->
  Int mu (fun x => exp (- t * w x)) -> exp (- t * Ex mu w) <= Ex mu (fun x => exp (- t * w x)).
Proof.
  intros Iw Ie. set (c := exp (- t * Ex mu w)).
  assert (J := Int_lin mu (c * - t) (c * (1 + t * Ex mu w)) Iw (Int_const mu 1)).
  assert (E : Ex mu (fun x => c * - t * w x + c * (1 + t * Ex mu w) * 1) = c).
  { rewrite (Ex_lin mu _ _ Iw (Int_const mu 1)), Ex_const. ring. }
  rewrite <- E. apply Ex_mono; auto. intros x.
  replace (exp (- t * w x)) with (c * exp (- t * w x + t * Ex mu w)).
  - assert (0 < c) by apply exp_pos. pose proof (exp_ge_1x (- t * w x + t * Ex mu w)). nra.
  - unfold c. rewrite <- exp_plus. f_equal. ring.
Qed.
