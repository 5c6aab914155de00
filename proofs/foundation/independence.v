(* What independence with a common law gives, for an abstract expectation.

     product_rule P mu X L : E_P prod_i g_i(X_i) = prod_i E_mu g_i
                             for non-negative integrable g_i, i < L

   From it: expectations of one token (product_rule_single), of two tokens
   (product_rule_pair), the same rule for signed integrable g_i
   (product_rule_signed), and the splitting of expectations between a function
   of the first n tokens and a function of token n (past, past_step). *)
From Coq Require Import Reals Lra Lia PeanoNat.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation.
Local Open Scope R_scope.

Definition product_rule {Om T : Type} (P : Expectation Om) (mu : Expectation T)
   (X : nat -> Om -> T) (L : nat) : Prop :=
  forall g : nat -> T -> R, (forall i x, 0 <= g i x) -> (forall i, Int mu (g i)) ->
    Int P (fun o => rprod L (fun i => g i (X i o))) /\
    Ex P (fun o => rprod L (fun i => g i (X i o))) = rprod L (fun i => Ex mu (g i)).

Section Independent.
Context {Om T : Type} (P : Expectation Om) (mu : Expectation T).
Variables (X : nat -> Om -> T) (L : nat).
Hypothesis PR : product_rule P mu X L.

(* ---- signed functions ---- *)

Let signed_from k := forall g : nat -> T -> R, (forall i, Int mu (g i)) ->
  (forall i x, (k <= i)%nat -> 0 <= g i x) ->
  Int P (fun o => rprod L (fun i => g i (X i o))) /\
  Ex P (fun o => rprod L (fun i => g i (X i o))) = rprod L (fun i => Ex mu (g i)).

Lemma signed_from_step k : (k < L)%nat -> signed_from k -> signed_from (S k).
Proof.
  intros Hk IH g Ig g0.
  pose (p := fun x => Rmax (g k x) 0). pose (n := fun x => p x - g k x).
  assert (Ip : Int mu p) by now apply Int_pos.
  assert (In : Int mu n) by now apply Int_neg.
  assert (p0 : forall x, 0 <= p x) by (intros; apply Rmax_r).
  assert (n0 : forall x, 0 <= n x).
  { intros x. unfold n, p. pose proof (Rmax_l (g k x) 0). lra. }
  pose (with_slot := fun (h : T -> R) i => if Nat.eqb i k then h else g i).
  assert (H : forall h, Int mu h -> (forall x, 0 <= h x) ->
    Int P (fun o => rprod L (fun i => with_slot h i (X i o))) /\
    Ex P (fun o => rprod L (fun i => with_slot h i (X i o)))
      = rprod L (fun i => Ex mu (with_slot h i))).
  { intros h Ih h0. apply IH.
    - intros i. unfold with_slot. destruct (Nat.eqb i k); auto.
    - intros i x Hi. unfold with_slot. destruct (Nat.eqb_spec i k); auto.
      apply g0. lia. }
  destruct (H p Ip p0) as [I1 E1]. destruct (H n In n0) as [I2 E2].
  assert (J := Int_lin P 1 (-1) I1 I2).
  assert (EQ : forall o,
    1 * rprod L (fun i => with_slot p i (X i o)) + -1 * rprod L (fun i => with_slot n i (X i o))
    = rprod L (fun i => g i (X i o))).
  { intros o.
    rewrite (rprod_ext L (fun i => g i (X i o))
      (fun j => if Nat.eqb j k then 1 * p (X k o) + -1 * n (X k o) else g j (X j o))).
    - rewrite rprod_slot_linear by auto. f_equal; f_equal; apply rprod_ext; intros j _;
        unfold with_slot; destruct (Nat.eqb_spec j k); subst; auto.
    - intros j _. destruct (Nat.eqb_spec j k); subst; auto. unfold n; ring. }
  split; [eapply Int_ext; [exact EQ|exact J]|].
  rewrite <- (Ex_ext P _ _ EQ J), (Ex_lin P 1 (-1) I1 I2), E1, E2.
  rewrite (rprod_ext L (fun i => Ex mu (g i))
    (fun j => if Nat.eqb j k then 1 * Ex mu p + -1 * Ex mu n else Ex mu (g j))).
  - rewrite rprod_slot_linear by auto. f_equal; f_equal; apply rprod_ext; intros j _;
      unfold with_slot; destruct (Nat.eqb j k); auto.
  - intros j _. destruct (Nat.eqb_spec j k); subst; auto.
    rewrite <- (Ex_lin mu 1 (-1) Ip In). apply Ex_ext; auto.
    intros x. unfold n; ring.
Qed.

(* E prod_i g_i(X_i) = prod_i E g_i for integrable g_i of any sign. *)
Theorem product_rule_signed (g : nat -> T -> R) : (forall i, (i < L)%nat -> Int mu (g i)) ->
  Int P (fun o => rprod L (fun i => g i (X i o))) /\
  Ex P (fun o => rprod L (fun i => g i (X i o))) = rprod L (fun i => Ex mu (g i)).
Proof.
  intros Ig.
  assert (H : forall k, (k <= L)%nat -> signed_from k).
  { induction k as [|k IH]; intros Hk.
    - intros h Ih h0. apply PR; auto. intros; apply h0; lia.
    - apply signed_from_step; auto with arith. }
  pose (h := fun i => if Nat.ltb i L then g i else (fun _ => 1)).
  destruct (H L (le_n L) h) as [I E].
  - intros i. unfold h. destruct (Nat.ltb_spec i L); auto. apply Int_const.
  - intros i x Hi. unfold h. destruct (Nat.ltb_spec i L); [lia|lra].
  - assert (EQ : forall o, rprod L (fun i => h i (X i o)) = rprod L (fun i => g i (X i o))).
    { intros o. apply rprod_ext; intros i Hi. unfold h. destruct (Nat.ltb_spec i L); [auto|lia]. }
    split; [eapply Int_ext; [exact EQ|exact I]|].
    rewrite <- (Ex_ext P _ _ EQ I), E. apply rprod_ext; intros i Hi.
    unfold h. destruct (Nat.ltb_spec i L); [auto|lia].
Qed.

(* Each token has law mu. *)
Lemma product_rule_single g i : (i < L)%nat -> Int mu g ->
  Int P (fun o => g (X i o)) /\ Ex P (fun o => g (X i o)) = Ex mu g.
Proof.
  intros Hi gI.
  destruct (product_rule_signed (fun j x => if Nat.eqb j i then g x else 1)) as [I E].
  - intros j _; destruct (Nat.eqb j i); auto. apply Int_const.
  - assert (H : forall o, rprod L (fun j => if Nat.eqb j i then g (X j o) else 1) = g (X i o)).
    { intros o. rewrite (rprod_ext L _ (fun j => if Nat.eqb j i then g (X i o) else 1)).
      - now apply rprod_single.
      - intros j _. destruct (Nat.eqb_spec j i); subst; auto. }
    split; [eapply Int_ext; [exact H| exact I]|].
    rewrite <- (Ex_ext P _ _ H I). rewrite E.
    rewrite (rprod_ext L _ (fun j => if Nat.eqb j i then Ex mu g else 1)).
    + now apply rprod_single.
    + intros j _. destruct (Nat.eqb j i); auto. apply Ex_const.
Qed.

(* Two distinct tokens are independent. *)
Lemma product_rule_pair g h i k : (i < L)%nat -> (k < L)%nat -> i <> k ->
  Int mu g -> Int mu h ->
  Int P (fun o => g (X i o) * h (X k o)) /\ Ex P (fun o => g (X i o) * h (X k o)) = Ex mu g * Ex mu h.
Proof.
  intros Hi Hk Hne gI hI.
  destruct (product_rule_signed (fun j x => if Nat.eqb j i then g x else if Nat.eqb j k then h x else 1)) as [I E].
  - intros j _; destruct (Nat.eqb j i), (Nat.eqb j k); auto. apply Int_const.
  - assert (H : forall o, rprod L (fun j => if Nat.eqb j i then g (X j o) else
                 if Nat.eqb j k then h (X j o) else 1) = g (X i o) * h (X k o)).
    { intros o. rewrite <- (rprod_pair L i k) by auto. apply rprod_ext.
      intros j _. destruct (Nat.eqb_spec j i), (Nat.eqb_spec j k); subst; auto. }
    split; [eapply Int_ext; [exact H| exact I]|].
    rewrite <- (Ex_ext P _ _ H I). rewrite E. rewrite <- (rprod_pair L i k) by auto.
    apply rprod_ext. intros j _. destruct (Nat.eqb j i); auto. destruct (Nat.eqb j k); auto. apply Ex_const.
Qed.

(* One slot holds F, the others the same h:  E [F(X_i) prod_{j<>i} h(X_j)] = E F (E h)^{L-1}. *)
Lemma product_rule_but_one F h i : (i < L)%nat -> Int mu F -> Int mu h ->
  Int P (fun o => rprod L (fun j => if Nat.eqb j i then F (X i o) else h (X j o))) /\
  Ex P (fun o => rprod L (fun j => if Nat.eqb j i then F (X i o) else h (X j o)))
    = Ex mu F * Ex mu h ^ (L - 1).
Proof.
  intros Hi IF Ih.
  destruct (product_rule_signed (fun j x => if Nat.eqb j i then F x else h x)) as [I E].
  - intros j _; destruct (Nat.eqb j i); auto.
  - assert (H : forall o, rprod L (fun j => if Nat.eqb j i then F (X j o) else h (X j o))
      = rprod L (fun j => if Nat.eqb j i then F (X i o) else h (X j o))).
    { intros o; apply rprod_ext; intros j _. destruct (Nat.eqb_spec j i); subst; auto. }
    split; [eapply Int_ext; [exact H|exact I]|].
    rewrite <- (Ex_ext P _ _ H I), E. rewrite <- (rprod_const_but L i) by auto.
    apply rprod_ext. intros j _. destruct (Nat.eqb j i); auto.
Qed.

(* ---- functions of the past ---- *)

(* past n F: the random variable F is integrable and independent of tokens
   n, ..., L-1, in the sense that E [F prod_{n<=j<L} g_j(X_j)] splits. *)
Definition past (n : nat) (F : Om -> R) : Prop :=
  forall g : nat -> T -> R, (forall j, Int mu (g j)) ->
    Int P (fun o => F o * rprod L (fun j => if Nat.ltb j n then 1 else g j (X j o))) /\
    Ex P (fun o => F o * rprod L (fun j => if Nat.ltb j n then 1 else g j (X j o)))
    = Ex P F * rprod L (fun j => if Nat.ltb j n then 1 else Ex mu (g j)).

Lemma past_ext n F G : (forall o, F o = G o) -> Int P F -> past n F -> past n G.
Proof.
  intros H IF HF g Ig. destruct (HF g Ig) as [I E].
  assert (EQ : forall o, F o * rprod L (fun j => if Nat.ltb j n then 1 else g j (X j o))
    = G o * rprod L (fun j => if Nat.ltb j n then 1 else g j (X j o))) by (intros; now rewrite H).
  split; [eapply Int_ext; [exact EQ|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ I), E. f_equal. now apply Ex_ext.
Qed.

Lemma past_const c : past 0 (fun _ => c).
Proof.
  intros g Ig. destruct (product_rule_signed g) as [I E]; auto.
  split.
  - now apply Int_scal.
  - rewrite Ex_scal, Ex_const by auto. f_equal. exact E.
Qed.

Lemma past_int n F : past n F -> Int P F.
Proof.
  intros H. destruct (H (fun _ _ => 1)) as [I _]; [intros; apply Int_const|].
  eapply Int_ext; [|exact I]. intros o; cbv beta.
  rewrite (rprod_ext L _ (fun _ => 1)), rprod_one; [ring|].
  intros j _; destruct (Nat.ltb j n); auto.
Qed.

Lemma past_lin n a b F G : past n F -> past n G -> past n (fun o => a * F o + b * G o).
Proof.
  intros HF HG g Ig. destruct (HF g Ig) as [IF EF]. destruct (HG g Ig) as [IG EG].
  set (Q := fun o => rprod L (fun j => if Nat.ltb j n then 1 else g j (X j o))) in *.
  assert (J := Int_lin P a b IF IG).
  assert (EQ : forall o, a * (F o * Q o) + b * (G o * Q o) = (a * F o + b * G o) * Q o)
    by (intros; ring).
  split; [eapply Int_ext; [exact EQ|exact J]|].
  transitivity (Ex P (fun o => a * (F o * Q o) + b * (G o * Q o))).
  - symmetry. now apply Ex_ext.
  - eapply eq_trans; [apply (Ex_lin P a b IF IG)|]. unfold Q. rewrite EF, EG.
    rewrite (Ex_lin P a b (past_int _ _ HF) (past_int _ _ HG)). ring.
Qed.

Lemma past_plus n F G : past n F -> past n G -> past n (fun o => F o + G o).
Proof.
  intros HF HG. apply past_ext with (fun o => 1 * F o + 1 * G o).
  - intros; ring.
  - apply Int_lin; eapply past_int; eauto.
  - now apply past_lin.
Qed.

Lemma past_scal n c F : past n F -> past n (fun o => c * F o).
Proof.
  intros HF. apply past_ext with (fun o => c * F o + 0 * F o).
  - intros; ring.
  - apply Int_lin; eapply past_int; eauto.
  - now apply past_lin.
Qed.

(* A function of the past times a function of the present token: the
   expectation splits, and the product is a function of the past one step later. *)
Lemma past_step n F h : (n < L)%nat -> past n F -> Int mu h ->
  past (S n) (fun o => F o * h (X n o)) /\
  Ex P (fun o => F o * h (X n o)) = Ex P F * Ex mu h.
Proof.
  intros Hn HF Ih.
  assert (slot : forall (a : nat -> R) c,
    rprod L (fun j => if Nat.ltb j n then 1 else if Nat.eqb j n then c else a j)
    = c * rprod L (fun j => if Nat.ltb j (S n) then 1 else a j)).
  { intros a c.
    rewrite (rprod_ext L _ (fun j => if Nat.eqb j n then c * 1 + 0 * 0
      else if Nat.ltb j (S n) then 1 else a j)).
    - rewrite rprod_slot_linear by auto. rewrite Rmult_0_l, Rplus_0_r. f_equal.
      apply rprod_ext; intros j _.
      destruct (Nat.eqb_spec j n), (Nat.ltb_spec j (S n)); auto; lia.
    - intros j _. destruct (Nat.eqb_spec j n), (Nat.ltb_spec j n), (Nat.ltb_spec j (S n));
        auto; try lia; ring. }
  assert (step : forall g, (forall j, Int mu (g j)) ->
    Int P (fun o => F o * h (X n o) * rprod L (fun j => if Nat.ltb j (S n) then 1 else g j (X j o))) /\
    Ex P (fun o => F o * h (X n o) * rprod L (fun j => if Nat.ltb j (S n) then 1 else g j (X j o)))
    = Ex P F * Ex mu h * rprod L (fun j => if Nat.ltb j (S n) then 1 else Ex mu (g j))).
  { intros g Ig.
    destruct (HF (fun j => if Nat.eqb j n then h else g j)) as [I E].
    { intros j. destruct (Nat.eqb j n); auto. }
    assert (EQ : forall o,
      F o * rprod L (fun j => if Nat.ltb j n then 1 else (if Nat.eqb j n then h else g j) (X j o))
      = F o * h (X n o) * rprod L (fun j => if Nat.ltb j (S n) then 1 else g j (X j o))).
    { intros o. rewrite Rmult_assoc, <- slot. f_equal. apply rprod_ext; intros j _.
      destruct (Nat.ltb j n); auto. destruct (Nat.eqb_spec j n); subst; auto. }
    split; [eapply Int_ext; [exact EQ|exact I]|].
    rewrite <- (Ex_ext P _ _ EQ I), E, Rmult_assoc, <- slot. f_equal.
    apply rprod_ext; intros j _. destruct (Nat.ltb j n); auto.
    destruct (Nat.eqb j n); auto. }
  assert (mean : Ex P (fun o => F o * h (X n o)) = Ex P F * Ex mu h).
  { destruct (step (fun _ _ => 1)) as [I E]; [intros; apply Int_const|].
    assert (one : forall a : nat -> R, (forall j, a j = 1) ->
      rprod L (fun j => if Nat.ltb j (S n) then 1 else a j) = 1).
    { intros a Ha. rewrite (rprod_ext L _ (fun _ => 1)), rprod_one; auto.
      intros j _. destruct (Nat.ltb j (S n)); auto. }
    rewrite (one (fun _ => Ex mu (fun _ => 1))) in E by (intros; apply Ex_const).
    rewrite Rmult_1_r in E. rewrite <- E. symmetry. apply Ex_ext; auto.
    intros o. rewrite (one (fun _ => 1)) by auto. ring. }
  split; auto. intros g Ig. rewrite mean. now apply step.
Qed.
End Independent.

(* ---- a sample with one token removed ---- *)

Lemma skip_product_rule {Om T : Type} (P : Expectation Om) (mu : Expectation T) X m i :
  (i < S m)%nat -> product_rule P mu X (S m) -> product_rule P mu (fun j => X (skip i j)) m.
Proof.
  intros Hi PR g g0 Ig.
  (* the functions g, renumbered, and 1 at place i *)
  pose (h := fun j => if Nat.eqb j i then (fun _ : T => 1) else
                      if Nat.ltb j i then g j else g (j - 1)%nat).
  assert (Hh : forall j, h (skip i j) = g j).
  { intros j. unfold h. destruct (Nat.eqb_spec (skip i j) i) as [E|_].
    - now destruct (skip_neq i j).
    - unfold skip. destruct (Nat.ltb_spec j i).
      + destruct (Nat.ltb_spec j i); [auto|lia].
      + destruct (Nat.ltb_spec (S j) i); [lia|]. f_equal; lia. }
  assert (Hi1 : forall x, h i x = 1) by (intros x; unfold h; now rewrite Nat.eqb_refl).
  destruct (PR h) as [I E].
  - intros j x. unfold h. destruct (Nat.eqb j i); [lra|]. destruct (Nat.ltb j i); auto.
  - intros j. unfold h. destruct (Nat.eqb j i); [apply Int_const|]. destruct (Nat.ltb j i); auto.
  - assert (EQ : forall o, rprod (S m) (fun j => h j (X j o))
      = rprod m (fun j => g j (X (skip i j) o))).
    { intros o. rewrite (rprod_remove m i) by auto. rewrite Hi1, Rmult_1_l.
      apply rprod_ext; intros j _. now rewrite Hh. }
    split; [eapply Int_ext; [exact EQ|exact I]|].
    rewrite <- (Ex_ext P _ _ EQ I), E, (rprod_remove m i) by auto.
    assert (E1 : Ex mu (h i) = 1).
    { rewrite <- (Ex_const mu 1). symmetry. apply Ex_ext; [now intros|apply Int_const]. }
    rewrite E1, Rmult_1_l. apply rprod_ext; intros j _. now rewrite Hh.
Qed.

(* ---- independence for signed functions ---- *)

(* If E[g(Y) H] = E g E H for non-negative g and non-negative H of a class R that
   is closed under positive and negative parts, then for all integrable g, H. *)
Lemma signed_independence {Om T : Type} (P : Expectation Om) (mu : Expectation T)
    (Y : Om -> T) (R : (Om -> R) -> Prop) :
  (forall H, R H -> R (fun o => Rmax (H o) 0)) ->
  (forall H, R H -> R (fun o => Rmax (H o) 0 - H o)) ->
  (forall g H, (forall x, 0 <= g x) -> (forall o, 0 <= H o) -> Int mu g -> R H -> Int P H ->
    Int P (fun o => g (Y o) * H o) /\ Ex P (fun o => g (Y o) * H o) = Ex mu g * Ex P H) ->
  forall g H, Int mu g -> R H -> Int P H ->
    Int P (fun o => g (Y o) * H o) /\ Ex P (fun o => g (Y o) * H o) = Ex mu g * Ex P H.
Proof.
  intros Rp Rn nn g H Ig RH IH.
  assert (N0 : forall x, 0 <= Rmax x 0 - x) by (intros x; pose proof (Rmax_l x 0); lra).
  assert (P0 : forall x, 0 <= Rmax x 0) by (intros; apply Rmax_r).
  destruct (nn (fun x => Rmax (g x) 0) (fun o => Rmax (H o) 0)) as [I1 E1]; auto using Int_pos.
  destruct (nn (fun x => Rmax (g x) 0) (fun o => Rmax (H o) 0 - H o)) as [I2 E2]; auto using Int_pos, Int_neg.
  destruct (nn (fun x => Rmax (g x) 0 - g x) (fun o => Rmax (H o) 0)) as [I3 E3]; auto using Int_pos, Int_neg.
  destruct (nn (fun x => Rmax (g x) 0 - g x) (fun o => Rmax (H o) 0 - H o)) as [I4 E4]; auto using Int_neg.
  assert (J1 := Int_lin P 1 (-1) I1 I2). assert (J2 := Int_lin P (-1) 1 I3 I4).
  assert (J := Int_lin P 1 1 J1 J2).
  assert (D : forall Om' (E : Expectation Om') (F : Om' -> Rdefinitions.R), Int E F ->
    Ex E (fun o => Rmax (F o) 0 - F o) = Ex E (fun o => Rmax (F o) 0) - Ex E F).
  { intros Om' E F IF.
    transitivity (Ex E (fun o => 1 * Rmax (F o) 0 + -1 * F o)).
    - apply Ex_ext; [intros; ring|]. now apply Int_neg.
    - rewrite (Ex_lin E 1 (-1) (Int_pos E IF) IF). ring. }
  rewrite (D _ mu g Ig) in E3, E4. rewrite (D _ P H IH) in E2, E4.
  split.
  - eapply Int_ext; [|exact J]. intros o; simpl; ring.
  - eapply eq_trans; [apply Ex_ext with (Y := fun o =>
      1 * (1 * (Rmax (g (Y o)) 0 * Rmax (H o) 0) + -1 * (Rmax (g (Y o)) 0 * (Rmax (H o) 0 - H o)))
      + 1 * (-1 * ((Rmax (g (Y o)) 0 - g (Y o)) * Rmax (H o) 0)
         + 1 * ((Rmax (g (Y o)) 0 - g (Y o)) * (Rmax (H o) 0 - H o))))|].
    + intros o; ring.
    + eapply Int_ext; [|exact J]. intros o; simpl; ring.
    + rewrite (Ex_lin P 1 1 J1 J2), (Ex_lin P 1 (-1) I1 I2), (Ex_lin P (-1) 1 I3 I4), E1, E2, E3, E4.
      ring.
Qed.
